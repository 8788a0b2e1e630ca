import Crypto
import Foundation
import JSON
import Jobs
import Postgres

/// How long a crawl's share takes for its next URLs, and to write what became of them, with few URLs in the frontier and with many.
///
/// It uses the statements of the crawling worker, in the order in which the worker does, and holds what the worker holds: a few URLs ahead.
struct FrontierFigures: Sendable {
    /// The figures at one size of the frontier.
    struct Stage: Sendable {
        let waiting: Int
        /// Medians in milliseconds: 64 URLs of a host taken, 64 written as done with 60 links each to what is known, 1,000 new ones added.
        let take, write, add: Double
        /// Whether all that was taken came in the order of depth and discovery.
        let isInOrder: Bool
        /// Of this process, in MB.
        let memory: Double
    }

    let stages: [Stage]

    private static let hosts = 20
    private static let ahead = 64
    private static let rounds = 200

    /// Fills a crawl of its own step by step, and removes it.
    static func measure(_ database: Database, namespace: String, rows: [Int]) async throws -> FrontierFigures {
        let store = JobStore(database)
        let id = UUIDv7.generate()
        let crawl = try await database.transaction {
            try Crawl.open(id: id, namespace: namespace, leader: id, $0)
        }
        var stages: [Stage] = []
        var count = 0
        for size in rows {
            count = try await fill(crawl, database, from: count, upTo: size)
            stages.append(try await stage(crawl, store, waiting: size, found: &count))
        }
        while try await store.deleteCrawls(of: [id], limit: 10_000) {}
        return FrontierFigures(stages: stages)
    }

    private static func fill(_ crawl: Crawl, _ database: Database, from count: Int, upTo size: Int) async throws -> Int
    {
        var count = count
        while count < size {
            if count % 100_000 == 0 { note("\(count) of \(size) URLs …") }
            let numbers = count..<min(count + 1000, size)
            try await database.transaction { _ = try crawl.add(numbers.map(url), $0) }
            count = numbers.upperBound
        }
        note("vacuum …")
        try await database.withSession { try $0.script("VACUUM ANALYZE crawl_urls, crawl_hosts") }
        return count
    }

    /// The depth falls as often as it grows with the number, so that the order of depth is not that of discovery.
    private static func url(_ number: Int) -> FoundURL {
        let origin = "http://host-\(number % hosts).test"
        return FoundURL(
            url: "\(origin)/section/\(number / 1000)/page-\(number).html", origin: origin, depth: Int16(number * 7 % 10)
        )
    }

    private static func stage(
        _ crawl: Crawl, _ store: JobStore, waiting: Int, found count: inout Int
    ) async throws -> Stage {
        let owner = UUID()
        let owned = try await store.database.transaction {
            try crawl.takeHosts(owner, limit: hosts, lease: .seconds(600), $0)
        }
        guard let host = owned.first else { throw BenchError("the crawl has no host") }
        var (takes, writes, adds): ([Double], [Double], [Double]) = ([], [], [])
        var (position, last) = (FrontierURL.Position.start, (depth: Int16(-1), id: Int64(0)))
        var isInOrder = true
        for _ in 0..<rounds {
            let (urls, take) = try await timed { [position] in
                try await crawl.waiting(of: host.id, after: position, limit: ahead, earlier: nil, in: store)
            }
            takes.append(take)
            for url in urls {
                isInOrder = isInOrder && (url.depth, url.id) > last
                last = (url.depth, url.id)
            }
            guard let end = urls.last else { break }
            position = end.position
            let records = urls.map { record(of: $0, among: waiting) }
            let (_, write) = try await timed {
                try await store.database.transaction { try crawl.write(records, maxPages: .max, $0) }
            }
            writes.append(write)
            let numbers = count..<count + 1000
            count = numbers.upperBound
            let (_, add) = try await timed {
                try await store.database.transaction { try crawl.add(numbers.map(url), $0) }
            }
            adds.append(add)
        }
        try await store.database.transaction { try crawl.leave(owner, delay: .zero, $0) }
        return Stage(
            waiting: waiting, take: median(takes), write: median(writes), add: median(adds), isInOrder: isInOrder,
            memory: ResidentMemory.megabytes("VmHWM", of: getpid()) ?? 0)
    }

    private static func record(of url: FrontierURL, among size: Int) -> CrawlRecord {
        var record = CrawlRecord(url, .skipped, reason: "bench")
        record.found = (0..<60).map { _ in self.url(Int.random(in: 0..<size)) }
        return record
    }

    private static func timed<Output: Sendable>(
        _ body: () async throws -> Output
    ) async throws -> (Output, Double) {
        let start = ContinuousClock.now
        let output = try await body()
        return (output, (ContinuousClock.now - start) / .milliseconds(1))
    }
}
