import Foundation
import JSON
import Jobs
import WorkerKit

/// Writes the pages of a crawl as files of JSON lines, a part at a time, so that nothing grows with the crawl.
struct PageExport {
    private static let pagesAtOnce = 50

    let crawl: Crawl
    let context: JobContext

    /// The files; nil when the job was asked to end before they were all there.
    func run() async throws -> [CrawledSite.Artifact]? {
        var parts = ArtifactParts(
            context, kind: "pages", name: "pages-%05d.jsonl", mediaType: "application/jsonl", partBytes: 2 << 20)
        var last: Int64 = 0
        while !parts.isFull {
            guard context.stopReason == nil else { return nil }
            let pages = try await context.read { [last] store in
                try await crawl.pages(after: last, limit: Self.pagesAtOnce, in: store)
            }
            for page in pages {
                var json = JSONWriter()
                page.write(to: &json)
                try await parts.add(json.bytes + [0x0A])
            }
            guard let end = pages.last else { break }
            last = end.number
        }
        return try await parts.finish()
    }
}
