import Concurrency
import Jobs
import Synchronization
import WorkerKit

/// Writes what became of URLs: one transaction at a time, and whatever gathers meanwhile goes into the next.
final class CrawlWriter: Sendable {
    /// The most text of pages in one transaction, in bytes: the job's heartbeat waits for it.
    private static let mostText = 1 << 20

    private let tally: CrawlTally
    private let batcher: Batcher<CrawlRecord, Void>

    init(_ tally: CrawlTally, _ crawl: Crawl, _ plan: CrawlPlan, _ context: JobContext, _ stages: CrawlStages) {
        self.tally = tally
        batcher = Batcher(maxBatch: 128, maxWaiting: 10_000) { records in
            for part in Self.parts(of: records) {
                let start = ContinuousClock.now
                let (counts, isFull) = try await context.transaction {
                    try crawl.write(part, maxPages: plan.maxPages, $0)
                }
                stages.stored(part, in: ContinuousClock.now - start)
                tally.take(counts, isFull: isFull, found: part.flatMap(\.found))
            }
            return records.map { _ in }
        }
    }

    /// Returns when the record is committed.
    func write(_ record: CrawlRecord) async throws { try await batcher.submit(record) }

    private static func parts(of records: [CrawlRecord]) -> [[CrawlRecord]] {
        var parts: [[CrawlRecord]] = [[]]
        var size = 0
        for record in records {
            let page = record.page.map { $0.markdown.utf8.count + $0.links.bytes.count } ?? 0
            let text = page + (record.capture?.count ?? 0)
            if size + text > mostText, !parts[parts.count - 1].isEmpty {
                parts.append([])
                size = 0
            }
            parts[parts.count - 1].append(record)
            size += text
        }
        return parts
    }
}

/// What a share knows of the counts of its crawl, and of the hosts that it has found.
final class CrawlTally: Sendable {
    private struct State {
        var counts = CrawlCounts()
        var isFull = false
        var origins: Set<String> = []
    }

    /// Origins that are remembered, to know when a new one may have come.
    private static let mostOrigins = 4096

    private let state = Mutex(State())
    private let onChange: @Sendable (CrawlCounts) -> Void
    private let onNewHost: @Sendable () -> Void

    init(onChange: @escaping @Sendable (CrawlCounts) -> Void, onNewHost: @escaping @Sendable () -> Void) {
        self.onChange = onChange
        self.onNewHost = onNewHost
    }

    var counts: CrawlCounts { state.withLock(\.counts) }
    /// Whether pages were kept out because there are as many as there may be.
    var isFull: Bool { state.withLock(\.isFull) }

    func take(_ counts: CrawlCounts, isFull: Bool = false, found: [FoundURL] = []) {
        let hasNewHost = state.withLock { state in
            // Two answers may come in another order than they were counted in.
            if counts.finished >= state.counts.finished { state.counts = counts }
            if isFull { state.isFull = true }
            if state.origins.count > Self.mostOrigins { state.origins = [] }
            let before = state.origins.count
            for url in found { state.origins.insert(url.origin) }
            return state.origins.count > before
        }
        onChange(self.counts)
        if hasNewHost { onNewHost() }
    }
}
