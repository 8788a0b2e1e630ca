import Crypto
import Foundation
import Postgres
import Testing

@testable import Jobs

/// Runs the body with a crawl of a running job.
func withCrawl(_ body: @escaping @Sendable (JobStore, Crawl, Fence) async throws -> Void) async throws {
    try await withStore { store in
        let fence = try await store.run()
        try await body(store, try await store.crawl(fence), fence)
    }
}

/// URLs of one host, as they are found.
func found(_ origin: String, _ paths: [String], depth: Int16 = 0) -> [FoundURL] {
    paths.map { FoundURL(url: origin + $0, origin: origin, depth: depth) }
}

/// What became of a URL that is a page with this text.
func record(_ url: FrontierURL, of crawl: Crawl, _ host: CrawlHost, text: String) -> CrawlRecord {
    var record = CrawlRecord(url, .page)
    var page = CrawlPage(url, host: host.id, status: 200)
    page.markdown = text
    page.content = sha256(text)
    page.similarity = UInt64(text.utf8.count)
    record.page = page
    record.bytes = 1000
    record.template = 5
    return record
}

extension JobStore {
    /// Begins the crawl of a running job.
    func crawl(_ fence: Fence) async throws -> Crawl {
        try await within(fence) { try Crawl.open(id: fence.job, namespace: "default", leader: fence.job, $0) }
    }

    /// Does work within a job's fence, which must hold.
    func within<Output: Sendable>(
        _ fence: Fence, _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output {
        try #require(try await transaction(under: fence, body))
    }
}
