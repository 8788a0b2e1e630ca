import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct CrawlTests {
    private static let lease = Duration.seconds(30)

    @Test func aURLIsKnownOnceAndTakenInTheOrderOfDepthAndDiscovery() async throws {
        try await withCrawl { store, crawl, fence in
            let me = UUID()
            let first = found("http://a.test", ["/2", "/1"], depth: 1) + found("http://a.test", ["/"], depth: 0)
            #expect(try await store.within(fence) { try crawl.add(first + first, $0) }.discovered == 3)
            let again = found("http://a.test", ["/1"], depth: 0) + found("http://b.test", ["/x"], depth: 4)
            #expect(try await store.within(fence) { try crawl.add(again, $0) }.discovered == 4)

            let hosts = try await store.within(fence) {
                try crawl.takeHosts(me, limit: 9, lease: Self.lease, $0)
            }
            #expect(hosts.map(\.origin).sorted() == ["http://a.test", "http://b.test"])
            let a = try #require(hosts.first { $0.origin == "http://a.test" })
            let urls = try await crawl.waiting(of: a.id, after: .start, limit: 9, earlier: nil, in: store)
            #expect(urls.map(\.url) == ["http://a.test/", "http://a.test/2", "http://a.test/1"])
            let rest = try await crawl.waiting(of: a.id, after: urls[0].position, limit: 1, earlier: nil, in: store)
            #expect(rest.map(\.url) == ["http://a.test/2"])
            #expect(rest.first?.key == FoundURL.key(of: "http://a.test/2"))
        }
    }

    @Test func aHostHasOneOwnerUntilItsTimeIsOverOrItIsGivenBack() async throws {
        try await withCrawl { store, crawl, fence in
            let (one, two) = (UUID(), UUID())
            _ = try await store.within(fence) {
                try crawl.add(found("http://a.test", ["/"]) + found("http://b.test", ["/"]), $0)
            }
            func take(_ owner: UUID, _ limit: Int = 9) async throws -> [CrawlHost] {
                try await store.within(fence) { try crawl.takeHosts(owner, limit: limit, lease: Self.lease, $0) }
            }
            let mine = try await take(one, 1)
            #expect(mine.map(\.origin) == ["http://a.test"] && mine[0].delay == .zero)
            #expect(try await take(two).map(\.origin) == ["http://b.test"])
            #expect(try await take(one).isEmpty)
            let state = try await store.within(fence) { try crawl.renew(one, lease: Self.lease, $0) }
            #expect(state.openHosts == 2 && state.shares == 1 && state.isLed)

            try await store.within(fence) { try crawl.release([(mine[0].id, .seconds(7))], from: two, $0) }
            #expect(try await take(two).isEmpty, "only its owner gives it back")
            try await store.within(fence) { try crawl.release([(mine[0].id, .seconds(7))], from: one, $0) }
            let taken = try await take(two)
            #expect(taken.map(\.origin) == ["http://a.test"])
            #expect(taken[0].delay > .seconds(5) && taken[0].delay <= .seconds(7), "\(taken[0].delay)")

            _ = try await store.database.query("UPDATE crawl_hosts SET owned_until = now() - interval '1 second'")
            #expect(try await take(one).count == 2, "whoever is silent loses its hosts")
            try await store.within(fence) { try crawl.leave(one, delay: .zero, $0) }
            #expect(try await take(two).count == 2)
        }
    }

    @Test func aGuestsRequestHasATimeOfItsOwnAtAHost() async throws {
        try await withCrawl { store, crawl, fence in
            let owner = UUID()
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", ["/"]), $0) }
            func reserve(_ origin: String) async throws -> Duration {
                try await store.within(fence) {
                    try crawl.reserve(origin, slot: .seconds(5), lease: Self.lease, $0)
                }
            }
            func isAbout(_ time: Duration?, _ seconds: Double) -> Bool {
                time.map { $0 > .seconds(seconds - 2) && $0 <= .seconds(seconds) } ?? false
            }
            // Free, or of no crawl's URL: at once, and one guest after the other.
            for host in ["http://a.test", "http://elsewhere.test"] {
                #expect(try await reserve(host) == .zero)
                #expect(isAbout(try await reserve(host), 5))
            }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(owner, limit: 9, lease: Self.lease, $0) }.first)
            #expect(isAbout(host.delay, 10), "\(host.delay)")
            // Its owner knows it before the guest comes.
            #expect(isAbout(try await reserve(host.origin), 30))
            let state = try await store.within(fence) { try crawl.renew(owner, lease: Self.lease, $0) }
            #expect(isAbout(state.holds[host.id], 35) && state.openHosts == 1)
            // Giving the host back forgets nothing.
            try await store.within(fence) { try crawl.release([(host.id, .seconds(1))], from: owner, $0) }
            let taken = try await store.within(fence) { try crawl.takeHosts(owner, limit: 9, lease: Self.lease, $0) }
            #expect(isAbout(taken.first?.delay, 35))
            try await store.within(fence) { try crawl.leave(owner, delay: .zero, $0) }
            #expect(isAbout(try await reserve(host.origin), 35))
        }
    }

    @Test func whatEndsIsCountedOnceAndAHostWithNothingLeftIsClosed() async throws {
        try await withCrawl { store, crawl, fence in
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", ["/1", "/2", "/3"]), $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            var page = record(urls[0], of: crawl, host, text: "One")
            page.found = found("http://a.test", ["/1", "/4"], depth: 1)
            var gone = CrawlRecord(urls[1], .failed, reason: "http_404")
            gone.status = 404
            var tried = CrawlRecord(urls[2], nil)
            tried.tries = 2
            let batch = [page, gone, tried]
            for _ in 1...2 {
                let (counts, isFull) = try await store.within(fence) { try crawl.write(batch, maxPages: 9, $0) }
                #expect(counts.discovered == 4 && counts.finished == 2 && counts.pages == 1 && counts.failed == 1)
                #expect(counts.bytes == 1000 && !isFull)
            }
            let left = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            #expect(left.map(\.url) == ["http://a.test/3", "http://a.test/4"] && left[0].tries == 2)
            #expect(try await crawl.templates(of: host.id, limit: 9, in: store).map(\.fetched) == [1])
            let ends = left.map { CrawlRecord($0, .skipped, reason: "robots") }
            _ = try await store.within(fence) { try crawl.write(ends, maxPages: 9, $0) }
            #expect(try await store.within(fence) { try crawl.renew(UUID(), lease: Self.lease, $0) }.openHosts == 0)
            let endings = try await crawl.endings(in: store)
            #expect(
                endings.map { "\($0.state) \($0.reason ?? "-") \($0.count)" } == [
                    "failed http_404 1", "page - 1", "skipped robots 2",
                ])
        }
    }

    @Test func whatWasExchangedIsKeptOnceForEachURLThatEnds() async throws {
        try await withCrawl { store, crawl, fence in
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", ["/1", "/2", "/3", "/4"]), $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            let sizes = [3 << 20, 2 << 20, 5]
            let records = zip(urls, sizes).map { url, size in
                var record = record(url, of: crawl, host, text: url.url)
                record.capture = [UInt8](repeating: UInt8(truncatingIfNeeded: url.id), count: size)
                return record
            }
            var tried = CrawlRecord(urls[3], nil)
            tried.capture = [1]
            for batch in [records, [tried], records] {
                _ = try await store.within(fence) { try crawl.write(batch, maxPages: 9, $0) }
            }
            // No more at once than may be in memory, but always one.
            var captures = try await crawl.captures(after: 0, in: store)
            #expect(captures.map(\.number) == urls.prefix(2).map(\.id))
            captures += try await crawl.captures(after: urls[1].id, in: store)
            #expect(captures.map(\.records) == records.map(\.capture))
            #expect(try await crawl.captures(after: urls[2].id, in: store).isEmpty)
        }
    }

    @Test func noMorePagesAreStoredThanTheLimitAllows() async throws {
        try await withCrawl { store, crawl, fence in
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", ["/1", "/2", "/3"]), $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            let records = urls.map { record($0, of: crawl, host, text: $0.url) }
            let (counts, isFull) = try await store.within(fence) { try crawl.write(records, maxPages: 2, $0) }
            #expect(counts.pages == 2 && counts.finished == 2 && isFull)
            #expect(try await crawl.pages(after: 0, limit: 9, in: store).map(\.url) == urls.prefix(2).map(\.url))
        }
    }

    @Test func pagesWithTheSameContentNameTheFirst() async throws {
        try await withCrawl { store, crawl, fence in
            let paths = (1...4).map { "/\($0)" }
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", paths), $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            let records = zip(urls, ["same", "same", "other", "same"]).map { record($0, of: crawl, host, text: $1) }
            // Together, and in a later write.
            _ = try await store.within(fence) { try crawl.write(Array(records[..<3]), maxPages: 9, $0) }
            _ = try await store.within(fence) { try crawl.write([records[3]], maxPages: 9, $0) }
            let pages = try await crawl.pages(after: 0, limit: 9, in: store)
            #expect(pages.map(\.duplicateOf) == [nil, pages[0].number, nil, pages[0].number])
            #expect(try await crawl.countPages(in: store) == 2)
            #expect(pages.allSatisfy { !$0.isNear })
            let hashes = try await crawl.hashes(of: host.id, limit: 2, in: store)
            #expect(hashes.map(\.page) == [pages[2].number, pages[3].number])
        }
    }

    @Test func aLaterCrawlKnowsWhatAnEarlierOneWasTold() async throws {
        try await withCrawl { store, earlier, fence in
            let next = try await store.run()
            let crawl = try await store.within(next) {
                try Crawl.open(id: next.job, namespace: "default", leader: next.job, $0)
            }
            for (crawl, fence) in [(earlier, fence), (crawl, next)] {
                _ = try await store.within(fence) { try crawl.add(found("http://a.test", ["/1", "/2"]), $0) }
            }
            func host(_ crawl: Crawl, _ fence: Fence) async throws -> CrawlHost {
                try #require(
                    try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first
                )
            }
            let old = try await host(earlier, fence)
            let url = try #require(
                try await earlier.waiting(of: old.id, after: .start, limit: 1, earlier: nil, in: store).first)
            var page = record(url, of: earlier, old, text: "One")
            page.validators = FrontierURL.Validators(etag: "\"1\"", lastModified: nil)
            let record = page
            _ = try await store.within(fence) { try earlier.write([record], maxPages: 9, $0) }
            let new = try await host(crawl, next)
            let urls = try await crawl.waiting(of: new.id, after: .start, limit: 9, earlier: earlier, in: store)
            #expect(urls.map(\.known?.validators.etag) == ["\"1\"", nil])
            let copy = try #require(try await crawl.page(of: urls[0], host: new.id, from: earlier, in: store))
            #expect(copy.markdown == "One" && copy.number == urls[0].id && copy.number != url.id)
            #expect(try await crawl.page(of: urls[1], host: new.id, from: earlier, in: store) == nil)
        }
    }

    @Test func aForgottenJobTakesItsCrawlWithIt() async throws {
        try await withCrawl { store, crawl, fence in
            _ = try await store.within(fence) { try crawl.add(found("http://a.test", (1...5).map { "/\($0)" }), $0) }
            let host = try #require(
                try await store.within(fence) { try crawl.takeHosts(UUID(), limit: 9, lease: Self.lease, $0) }.first)
            let urls = try await crawl.waiting(of: host.id, after: .start, limit: 9, earlier: nil, in: store)
            let records = urls.map { url in
                var record = record(url, of: crawl, host, text: url.url)
                record.capture = [1, 2]
                return record
            }
            _ = try await store.within(fence) { try crawl.write(records, maxPages: 9, $0) }
            #expect(try await crawl.captures(after: 0, in: store).count == 5)
            #expect(try await store.deleteCrawls(of: [UUID()], limit: 2) == false)
            while try await store.deleteCrawls(of: [fence.job], limit: 2) {}
            for table: StaticString in [
                "crawls", "crawl_hosts", "crawl_urls", "crawl_templates", "crawl_pages", "crawl_shares",
                "crawl_captures",
            ] {
                #expect(try await store.count("SELECT count(*) AS n FROM \(raw: table)") == 0, "\(table)")
            }
        }
    }

    @Test func aWorkerThatLostTheJobWritesNothingAndOtherNamespacesSeeNothing() async throws {
        try await withCrawl { store, crawl, fence in
            #expect(try await Crawl.led(by: fence.job, namespace: "default", in: store)?.number == crawl.number)
            #expect(try await Crawl.led(by: fence.job, namespace: "other", in: store) == nil)
            await #expect(throws: PostgresError.self) {
                try await store.within(fence) {
                    try Crawl.open(id: fence.job, namespace: "other", leader: fence.job, $0)
                }
            }
            try await store.expireLeases()
            _ = try await store.reap()
            let lost = try await store.transaction(under: fence) { try crawl.add(found("http://a.test", ["/"]), $0) }
            #expect(lost == nil)
            #expect(try await store.count("SELECT count(*) AS n FROM crawl_urls") == 0)
        }
    }
}
