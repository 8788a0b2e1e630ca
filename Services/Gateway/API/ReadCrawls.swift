import Crypto
import Foundation
import HTTPServer
import Jobs

extension Gateway {
    /// `GET /jobs/{id}/pages`: filtered, in the order of discovery, page by page.
    func listCrawledPages(_ call: Call) async throws -> HTTPResponse {
        var filter = CrawlPageFilter(limit: call.limit())
        filter.host = call.text("host")
        filter.leavesOutDuplicates = call.text("duplicates") == "exclude"
        filter.after = try call.text("cursor").map(Cursor.place) ?? 0
        guard let crawl = try await crawl(call) else { return .page("pages", whole: [CrawlPage]()) }
        let (pages, hasMore) = try await crawl.pages(filter, in: store)
        return .page("pages", pages, next: hasMore ? pages.last.map { Cursor.text(place: $0.number) } : nil)
    }

    /// `GET /jobs/{id}/pages/{number}`.
    func getCrawledPage(_ call: Call) async throws -> HTTPResponse {
        guard let crawl = try await crawl(call), let number = Int64(call.parameters[1]),
            let page = try await crawl.page(number, in: store)
        else { throw Problem.notFound("page") }
        return HTTPResponse(page)
    }

    /// `GET /jobs/{id}/urls`: filtered, in the order of discovery, page by page.
    func listCrawledURLs(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.place) ?? 0
        let words = Set(call.words("state"))
        let states = CrawledURL.State.allCases.filter { words.contains($0.rawValue) }
        guard let crawl = try await crawl(call) else { return .page("urls", whole: [CrawledURL]()) }
        let urls =
            states.isEmpty
            ? try await crawl.urls(after: position, limit: limit, in: store)
            : try await crawl.urls(states, after: position, limit: limit, in: store)
        return .page("urls", urls, limit: limit) { Cursor.text(place: $0.number) }
    }

    private func crawl(_ call: Call) async throws -> Crawl? {
        let job = try await existing(call)
        return try await Crawl.of(job.id, namespace: job.namespace, in: store)
    }
}

extension Cursor {
    /// A place in a crawl's order of discovery.
    static func text(place: Int64) -> String { Base64URL.encode(Array("p\(place)".utf8)) }

    static func place(_ text: String) throws -> Int64 {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "p"),
            let place = Int64(String(decoding: bytes.dropFirst(), as: UTF8.self))
        else { throw Problem.invalidCursor }
        return place
    }
}
