import Foundation
import JSON
import Jobs
import WorkerKit

/// Writes the pages of a crawl as files of JSON lines, a part at a time, so that nothing grows with the crawl.
struct PageExport {
    private static let partBytes = 2 << 20
    private static let pagesAtOnce = 50
    /// Parts beyond these are left out: the pages themselves can be read all the same.
    private static let mostParts = 5000

    let crawl: Crawl
    let context: JobContext

    /// The files; nil when the job was asked to end before they were all there.
    func run() async throws -> [CrawledSite.Artifact]? {
        var artifacts: [CrawledSite.Artifact] = []
        var lines: [UInt8] = []
        var (last, count): (Int64, Int) = (0, 0)
        while artifacts.count < Self.mostParts {
            guard context.stopReason == nil else { return nil }
            let pages = try await context.read { [last] store in
                try await crawl.pages(after: last, limit: Self.pagesAtOnce, in: store)
            }
            for page in pages {
                var json = JSONWriter()
                page.write(to: &json)
                lines += json.bytes
                lines.append(0x0A)
                count += 1
                guard lines.count >= Self.partBytes else { continue }
                artifacts.append(try await store(lines, number: artifacts.count + 1, pages: count))
                (lines, count) = ([], 0)
            }
            guard let end = pages.last else { break }
            last = end.number
        }
        if count > 0 { artifacts.append(try await store(lines, number: artifacts.count + 1, pages: count)) }
        return artifacts
    }

    private func store(_ lines: [UInt8], number: Int, pages: Int) async throws -> CrawledSite.Artifact {
        let name = String(format: "pages-%05d.jsonl", number)
        let records = try await context.files.store([
            JobFiles.Artifact(name: name, mediaType: "application/jsonl", bytes: lines)
        ])
        guard let record = records.first else {
            throw JobFailure(code: "artifact_not_stored", message: "The file \(name) was not stored.")
        }
        return CrawledSite.Artifact(
            id: record.id, kind: "pages", name: name, size: record.size, sha256: record.sha256, pages: pages)
    }
}
