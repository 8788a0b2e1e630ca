import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

/// What a crawl has made, as it is read back.
@Suite struct CrawlListTests {
    @Test func pagesAreFoundByTheirHostAndWithoutDuplicates() async throws {
        try await withCrawl { store, crawl, fence in
            let origins = ["http://a.test", "https://a.test", "http://a.test:8080", "http://b.test"]
            for origin in origins {
                try await store.fetch(found(origin, ["/1", "/2"]), as: ["same", origin], of: crawl, fence)
            }
            func read(_ host: String? = nil, unique: Bool = false) async throws -> [String] {
                var filter = CrawlPageFilter(limit: 1)
                (filter.host, filter.leavesOutDuplicates) = (host, unique)
                var urls: [String] = []
                while true {
                    let (pages, hasMore) = try await crawl.pages(filter, in: store)
                    urls += pages.map(\.url)
                    guard let last = pages.last, hasMore else { return urls }
                    filter.after = last.number
                }
            }
            let all = origins.flatMap { [$0 + "/1", $0 + "/2"] }
            #expect(try await read() == all)
            #expect(try await read(unique: true) == [all[0], all[1], all[3], all[5], all[7]])
            #expect(try await read("A.test") == Array(all[..<4]), "a host has its pages with either scheme")
            #expect(try await read("a.test:8080") == Array(all[4..<6]))
            #expect(try await read("b.test", unique: true) == [all[7]])
            #expect(try await read("test").isEmpty)
        }
    }

    @Test func pagesComeInAnswersOfSoManyBytes() async throws {
        try await withCrawl { store, crawl, fence in
            let mebibyte = String(repeating: "x", count: 1 << 20)
            let texts = (1...6).map { "\($0)" + mebibyte } + ["7"]
            try await store.fetch(found("http://a.test", (1...7).map { "/\($0)" }), as: texts, of: crawl, fence)
            func read(after number: Int64, _ limit: Int) async throws -> (texts: [String], last: Int64, hasMore: Bool) {
                var filter = CrawlPageFilter(limit: limit)
                filter.after = number
                let (pages, hasMore) = try await crawl.pages(filter, in: store)
                return (pages.map { String($0.markdown.prefix(1)) }, pages.last?.number ?? 0, hasMore)
            }
            // The one that reaches the limit is still told.
            let first = try await read(after: 0, 100)
            #expect(first.texts == ["1", "2", "3", "4"] && first.hasMore)
            let rest = try await read(after: first.last, 100)
            #expect(rest.texts == ["5", "6", "7"] && !rest.hasMore)
            let short = try await read(after: 0, 2)
            #expect(short.texts == ["1", "2"] && short.hasMore)
        }
    }

    @Test func whatTheLinksOfAPageTakeCountsToo() async throws {
        try await withCrawl { store, crawl, fence in
            let long = String(repeating: "x", count: 3 << 20)
            try await store.fetch(found("http://a.test", ["/1", "/2", "/3"]), as: ["1", "2", "3"], of: crawl, fence) {
                $0.links = JSONText(#"[["http://a.test/\#(long)","x"]]"#)
            }
            let (pages, hasMore) = try await crawl.pages(CrawlPageFilter(limit: 9), in: store)
            #expect(pages.map(\.markdown) == ["1", "2"] && hasMore)
        }
    }

    @Test func urlsTellWhatBecameOfThem() async throws {
        try await withCrawl { store, crawl, fence in
            let seeds = found("http://a.test", ["/1", "/2", "/3", "/4", "/5"])
            _ = try await store.within(fence) { try crawl.add(seeds, $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 1, lease: .seconds(30), $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            var page = record(urls[0], of: crawl, host, text: "One")
            page.status = 200
            let list = FoundURL(
                url: "http://a.test/map", origin: "http://a.test", kind: .sitemap, depth: 2, referrer: urls[0].id)
            page.found = [list]
            var redirect = CrawlRecord(urls[1].triedOnceMore, .redirect)
            (redirect.status, redirect.location) = (301, "http://a.test/1")
            var failed = CrawlRecord(urls[2], .failed, reason: "not_found")
            failed.status = 404
            let records = [page, redirect, failed, CrawlRecord(urls[3], .skipped, reason: "robots_disallowed")]
            _ = try await store.within(fence) { try crawl.write(records, maxPages: 9, $0) }

            let all = try await crawl.urls(after: 0, limit: 9, in: store)
            #expect(all.map(\.number) == urls.map(\.id) + [all[5].number])
            #expect(
                all.map { "\($0.state) \($0.reason ?? "-") \($0.status ?? 0) \($0.tries) \($0.location ?? "-")" } == [
                    "page - 200 0 -", "redirect - 301 1 http://a.test/1", "failed not_found 404 0 -",
                    "skipped robots_disallowed 0 0 -", "waiting - 0 0 -", "waiting - 0 0 -",
                ])
            #expect(all.map { $0.fetchedAt != nil } == [true, true, true, true, false, false])
            #expect(all[5].url == list.url && all[5].kind == .sitemap && all[5].depth == 2)
            #expect(all[5].referrer == all[0].number && all[0].referrer == nil)

            let some = try await crawl.urls([.waiting, .page], after: 0, limit: 2, in: store)
            #expect(some.map(\.url) == ["http://a.test/1", "http://a.test/5"])
            let next = try await crawl.urls([.waiting, .page], after: some[1].number, limit: 2, in: store)
            #expect(next.map(\.url) == [list.url])
            #expect(try await crawl.urls([.sitemap], after: 0, limit: 9, in: store).isEmpty)
        }
    }

    @Test func aCrawlIsThatOfAllJobsThatGoOnWithIt() async throws {
        try await withCrawl { store, crawl, fence in
            func of(_ job: UUID, _ namespace: String = "default") async throws -> Int64? {
                try await Crawl.of(job, namespace: namespace, in: store)?.number
            }
            let mark = Array(#"{"crawl":"\#(crawl.id.text)"}"#.utf8)
            _ = try await store.write([.checkpoint(fence, epoch: 1, state: mark)])
            var jobs = [fence.job]
            for _ in 1...2 {
                let last = try #require(jobs.last)
                let run = jobs.count == 1 ? fence : try await store.claimOne(last)
                let id = crawl.id
                _ = try await store.within(run) { try Crawl.open(id: id, namespace: "default", leader: last, $0) }
                _ = try await store.write([.outcome(run, ending(.failed, "failed"))])
                let outcome = try await store.repeat(
                    RepeatSource(last, as: UUIDv7.generate()), namespace: "default", .retry)
                guard case .created(let next) = outcome else { throw RepeatFailed(outcome: outcome) }
                jobs.append(next)
            }
            for job in jobs {
                #expect(try await of(job) == crawl.number)
                #expect(try await of(job, "other") == nil)
            }
            let again = try await store.repeat(
                RepeatSource(jobs[0], as: UUIDv7.generate()), namespace: "default", .rerun)
            guard case .created(let anew) = again else { throw RepeatFailed(outcome: again) }
            #expect(try await of(anew) == nil, "what starts anew has a crawl of its own")
            #expect(try await of(UUID()) == nil)
            #expect(try await of(try await store.run().job) == nil)
        }
    }
}

private struct RepeatFailed: Error { let outcome: RepeatOutcome }

extension JobStore {
    /// Adds URLs of one host to a crawl and writes a page for each.
    func fetch(
        _ found: [FoundURL], as texts: [String], of crawl: Crawl, _ fence: Fence,
        change: @Sendable (inout CrawlPage) -> Void = { _ in }
    ) async throws {
        let owner = UUID()
        _ = try await within(fence) { try crawl.add(found, $0) }
        let hosts = try await within(fence) { try crawl.takeHosts(owner, limit: 99, lease: .seconds(30), $0) }
        let host = try #require(hosts.first { $0.origin == found[0].origin })
        let urls = try await crawl.waiting(
            of: host.id, after: .start, limit: found.count, earlier: nil, in: self)
        let records = zip(urls, texts).map { url, text in
            var record = record(url, of: crawl, host, text: text)
            if var page = record.page {
                change(&page)
                record.page = page
            }
            return record
        }
        _ = try await within(fence) { try crawl.write(records, maxPages: 1_000_000, $0) }
        _ = try await within(fence) { try crawl.leave(owner, delay: .zero, $0) }
    }
}
