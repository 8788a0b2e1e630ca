import Compression
import Crypto
import Foundation
import Jobs
import WorkerKit

/// Writes the exchanges of a crawl as WARC files, a part at a time; the same bytes however often it is done.
struct ArchiveExport {
    let crawl: Crawl
    let context: JobContext
    let userAgent: String

    /// The files; nil when the job was asked to end before they were all there.
    func run() async throws -> [CrawledSite.Artifact]? {
        var parts = ArtifactParts(
            context, kind: "archive", name: "crawl-%05d.warc.gz", mediaType: "application/warc", partBytes: 8 << 20,
            beginning: beginning)
        var last: Int64 = 0
        while !parts.isFull {
            guard context.stopReason == nil else { return nil }
            let captures = try await context.read { [last] in try await crawl.captures(after: last, in: $0) }
            for capture in captures { try await parts.add(capture.records) }
            guard let end = captures.last else { break }
            last = end.number
        }
        return try await parts.finish()
    }

    /// What a file says about itself.
    private func beginning(of part: Int) throws -> [UInt8] {
        let info = WARCRecord.warcinfo(
            id: UUID(name: "warcinfo/\(part)", namespace: crawl.id), date: UUIDv7.date(of: crawl.id) ?? Date(),
            fields: [
                ("software", "Switchyard"), ("isPartOf", crawl.id.text), ("http-header-user-agent", userAgent),
                ("robots", "RFC 9309"),
            ])
        return try Self.compressed(info)
    }

    /// A record as a gzip member of its own, as WARC 1.1 (annex D) has it.
    static func compressed(_ record: WARCRecord) throws(CompressionError) -> [UInt8] {
        var writer = try GzipWriter()
        return try writer.member(record.encoded())
    }
}
