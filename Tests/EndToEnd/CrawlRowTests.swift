import Foundation
import JSON
import Jobs
import Postgres
import TestKit
import Testing

/// What a crawl has made, through the calls for it.
@Suite(.serialized) struct CrawlRowTests {
    @Test func pagesAndURLsAreReadBackByTheirNamespaceOnly() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let job = try await stack.submitNoop(1)[0]
            let plain = try await stack.submitNoop(1)[0]
            try await stack.addCrawl(to: job)
            let path = "/jobs/\(job.text)"

            let urls = try #require(try await stack.ok("\(path)/urls")["urls"]?.arrayValue)
            #expect(urls.map { $0["state"] } == ["page", "page", "redirect", "failed", "waiting"])
            #expect(urls.map { $0["reason"] } == [.null, .null, .null, "not_found", .null])
            #expect(
                urls[2]["location"] == "http://a.test/1" && urls[3]["status"] == 404 && urls[4]["fetched_at"] == .null)
            let some = try await stack.ok("\(path)/urls?state=waiting,failed")["urls"]?.arrayValue
            #expect(some == [urls[3], urls[4]])

            let pages = try #require(try await stack.ok("\(path)/pages")["pages"]?.arrayValue)
            #expect(pages.map { $0["url"] } == ["http://a.test/1", "http://b.test/"])
            #expect(pages.map { $0["number"] } == [urls[0]["number"], urls[1]["number"]])
            #expect(pages[1]["duplicate_of"] == pages[0]["number"] && pages[0]["markdown"] == "the same text")
            #expect(try await stack.ok("\(path)/pages?duplicates=exclude")["pages"]?.arrayValue == [pages[0]])
            #expect(try await stack.ok("\(path)/pages?host=b.test")["pages"]?.arrayValue == [pages[1]])
            let number = try #require(pages[1]["number"]?.intValue)
            #expect(try await stack.ok("\(path)/pages/\(number)") == pages[1])

            for (list, whole) in [("urls", urls), ("pages", pages)] {
                var (found, cursor): ([JSON], JSON) = ([], .null)
                repeat {
                    let after = cursor.stringValue.map { "&cursor=\($0)" } ?? ""
                    let page = try await stack.ok("\(path)/\(list)?limit=1\(after)")
                    found += page[list]?.arrayValue ?? []
                    cursor = page["next_cursor"] ?? .null
                } while cursor != .null && found.count < 100
                #expect(found == whole, "\(list)")
                #expect(
                    try await stack.ok("/jobs/\(plain.text)/\(list)") == [list: [], "next_cursor": .null],
                    "a job without a crawl")
            }

            let stranger = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.admin]))
            for suffix in ["urls", "pages", "pages/\(number)"] {
                #expect(try await stranger.get("/api/v1\(path)/\(suffix)").status == 404)
            }
            for bad in ["pages/\(number + 1000)", "pages/-1", "pages/x", "pages/99999999999999999999"] {
                #expect(try await stack.api.get("/api/v1\(path)/\(bad)").status == 404, "\(bad)")
            }
            #expect(try await stack.api.get("/api/v1/jobs/\(plain.text)/pages/\(number)").status == 404)
            for bad in ["urls?state=gone", "urls?cursor=x", "pages?duplicates=some", "pages?cursor=x", "pages?host="] {
                #expect(try await stack.api.get("/api/v1\(path)/\(bad)").status == 400, "\(bad)")
            }
        }
    }
}

extension Stack {
    /// Writes a crawl of two hosts, as a worker would: two pages with the same text, a redirect, a failure, and one that waits.
    ///
    /// - Returns: the number of the first page.
    @discardableResult
    func addCrawl(to job: UUID) async throws -> Int {
        let urls = ["http://a.test/1", "http://b.test/", "http://a.test/2", "http://a.test/3", "http://a.test/4"]
        let (crawl, hosts) = try await database.transaction { session in
            let crawl = try Crawl.open(id: job, namespace: "default", leader: job, session)
            try crawl.add(
                urls.map { FoundURL(url: $0, origin: String($0.prefix("http://a.test".count)), depth: 0) }, session)
            return (crawl, try crawl.takeHosts(UUID(), limit: 9, lease: .seconds(60), session))
        }
        var records: [CrawlRecord] = []
        for host in hosts {
            let waiting = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            for url in waiting where url.url != urls[4] { records.append(Self.record(of: url, on: host, among: urls)) }
        }
        _ = try await database.transaction { [records] session in
            try crawl.write(records.sorted { $0.page?.number ?? 0 < $1.page?.number ?? 0 }, maxPages: 9, session)
        }
        return try #require(records.compactMap { $0.page.map { Int($0.number) } }.min())
    }

    private static func record(of url: FrontierURL, on host: CrawlHost, among urls: [String]) -> CrawlRecord {
        switch url.url {
        case urls[2]:
            var record = CrawlRecord(url, .redirect)
            (record.status, record.location) = (301, urls[0])
            return record
        case urls[3]:
            var record = CrawlRecord(url, .failed, reason: "not_found")
            record.status = 404
            return record
        default:
            var record = CrawlRecord(url, .page)
            var page = CrawlPage(url, host: host.id, status: 200)
            page.markdown = "the same text"
            page.content = Array(page.markdown.utf8)
            page.metadata = JSONText(#"{"encoding":"UTF-8"}"#)
            page.links = JSONText(#"[["http://a.test/2","two"]]"#)
            (record.status, record.page) = (200, page)
            return record
        }
    }
}
