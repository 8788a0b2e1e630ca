import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Crawls of a generated site with everything that a site can have, by real workers.
@Suite(.serialized) struct CrawlJobTests {
    static let allowed = ["SWITCHYARD_FETCH_ALLOW": "127.0.0.0/8,::1", "SWITCHYARD_LEASE": "3s"]
    /// Milliseconds between two requests to a host.
    static let delay = 5
    static let concurrency = 4

    static func spec(_ site: CrawlSiteProcess, more: JSONObject = [:]) -> JSON {
        var spec: JSONObject = [
            "seeds": site.seeds, "per_host": ["concurrency": .int(Int64(concurrency)), "delay_ms": .int(Int64(delay))],
            "page": ["max_bytes": .int(8 << 20), "max_seconds": 20], "max_pages": 1_000_000, "max_depth": 1000,
        ]
        for (name, value) in more { spec[name] = value }
        return .object(spec)
    }

    @Test func aSiteIsFetchedExactlyAndPolitely() async throws {
        try await withStack { stack in
            let site = try await CrawlSiteProcess(pages: 1000, folder: stack.folder)
            defer { site.stop() }
            try await stack.startGateway()
            try await stack.startWorker("CrawlingWorker", Self.allowed)
            let job = try await stack.crawl(Self.spec(site))
            try await stack.expectCompleted([job], within: .seconds(400))
            try await Self.expectExact(site, job, stack)
        }
    }

    /// Two workers share the crawl; one of them, whichever, is killed five times. `SWITCHYARD_TEST_SEED` repeats the moments.
    @Test func killsChangeNeitherWhatIsFetchedNorHowFast() async throws {
        let seed =
            ProcessInfo.processInfo.environment["SWITCHYARD_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try await withStack { stack in
            let site = try await CrawlSiteProcess(pages: 10_000, folder: stack.folder)
            defer { site.stop() }
            try await stack.startGateway()
            var workers: [ServiceProcess] = []
            for _ in 1...2 { workers.append(try await stack.startWorker("CrawlingWorker", Self.allowed)) }
            let job = try await stack.crawl(Self.spec(site), parallelism: 2)
            var finished: [(urls: Set<String>, requests: [String: Int])] = []
            for kill in 1...5 {
                let goal = kill * 1500 + Int.random(in: 0...700, using: &random)
                try await poll("\(goal) URLs, seed \(seed)", within: .seconds(600), details: { stack.logs }) {
                    try await stack.finished(in: job) >= goal
                }
                let place = Int.random(in: 0...1, using: &random)
                workers[place].kill()
                finished.append((Set(try await stack.endings(of: job).keys), try await site.counts()))
                workers[place] = try await stack.startWorker("CrawlingWorker", Self.allowed)
            }
            try await stack.wait(for: [job], toBe: .completed, within: .seconds(900))
            try await Self.expectExact(site, job, stack)
            let counts = try await site.counts()
            for (urls, before) in finished {
                let again = urls.filter { counts[$0] != before[$0] }.sorted().prefix(20)
                #expect(again.isEmpty, "fetched again after they were finished, seed \(seed)")
            }
        }
    }

    /// The site has had each URL that a correct crawl fetches and no other, none too soon after another; and each ended as it should.
    static func expectExact(_ site: CrawlSiteProcess, _ job: UUID, _ stack: Stack) async throws {
        let expected = try await site.expected()
        let requests = try await site.requests()
        let fetched = Set(requests.map(\.url))
        let missing = describe(Set(expected.keys).subtracting(fetched), expected)
        #expect(missing.isEmpty, "not fetched")
        let extra = fetched.subtracting(expected.keys).sorted().prefix(20)
        #expect(extra.isEmpty, "fetched, and must not be")
        let forbidden = requests.filter(\.isForbidden).map(\.url).prefix(20)
        #expect(forbidden.isEmpty, "fetched although robots.txt forbids it")
        let endings = try await stack.endings(of: job)
        let wrong = expected.compactMap { url, row -> String? in
            let ending = endings[url] ?? "nothing"
            return Self.endings(of: row.state).contains(ending) ? nil : "\(row.state) ended as \(ending): \(url)"
        }.sorted().prefix(20)
        #expect(wrong.isEmpty)
        try await expectRates(site)
    }

    /// No host had two requests nearer than it may, the slow one not nearer than its robots.txt wants; nor more at a time.
    private static func expectRates(_ site: CrawlSiteProcess) async throws {
        let rates = try #require(try await site.rates().objectValue)
        #expect(rates.count == CrawlSiteProcess.hosts.count)
        for (host, rate) in rates {
            let gap = try #require(rate["smallest_gap_us"]?.intValue)
            let least = host == "slow.other.localhost" ? 500_000 : delay * 1000
            #expect(gap >= least, "\(host)")
            let atOnce = try #require(rate["most_in_flight"]?.intValue)
            #expect(atOnce <= concurrency, "\(host)")
        }
    }

    private static func describe(_ urls: Set<String>, _ expected: [String: (kind: String, state: String)]) -> [String] {
        urls.sorted().prefix(20).map { "\($0) (\(expected[$0].map { "\($0.kind), \($0.state)" } ?? ""))" }
    }

    /// How the crawl words the model's states.
    private static func endings(of state: String) -> [String] {
        switch state {
        case "page", "empty": ["page"]
        case "duplicate", "near_duplicate", "canonical": ["duplicate", "page"]
        case "noindex": ["skipped noindex"]
        case "soft404": ["skipped soft_404"]
        case "botwall": ["skipped bot_wall"]
        case "not_parsed": ["skipped content_type"]
        case "missing", "gone": ["failed not_found"]
        case "server_error": ["failed http_5xx"]
        case "timeout": ["failed timeout"]
        case "too_large", "headers_too_large": ["failed too_large"]
        case "sitemap_refused": ["failed page_too_large"]
        case "redirect_limit": ["failed too_many_redirects"]
        case "redirect_broken": ["failed bad_redirect"]
        case "redirect_loop": ["redirect", "failed redirect_loop"]
        case "redirect_out_of_scope": ["redirect out_of_scope", "failed bad_redirect"]
        default: [state]
        }
    }
}

extension Stack {
    /// Submits a crawl.
    func crawl(_ spec: JSON, parallelism: Int = 1) async throws -> UUID {
        let answer = try await api.post(
            "/api/v1/jobs", ["type": "web_crawling", "parallelism": .int(Int64(parallelism)), "spec": spec])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    /// How many URLs of a crawl are done with.
    func finished(in job: UUID) async throws -> Int {
        let rows = try await database.query("SELECT finished FROM crawls WHERE job_id = \(job)")
        return Int(try rows.first?.decode("finished", as: Int64.self) ?? 0)
    }

    /// How each URL of a crawl has ended: `page`, `duplicate`, or its state and reason.
    func endings(of job: UUID) async throws -> [String: String] {
        let rows = try await database.query(
            """
            SELECT u.url, CASE WHEN p.duplicate_of IS NOT NULL THEN 'duplicate' ELSE u.state END AS state, u.reason
            FROM crawls c JOIN crawl_urls u ON u.crawl = c.number
            LEFT JOIN crawl_pages p ON p.crawl = c.number AND p.number = u.id WHERE c.job_id = \(job) AND u.state <> 'waiting'
            """)
        var endings: [String: String] = [:]
        for row in rows {
            let state = try row.decode("state", as: String.self)
            let reason = try row.decode("reason", as: String?.self)
            endings[try row.decode("url")] = reason.map { "\(state) \($0)" } ?? state
        }
        return endings
    }
}
