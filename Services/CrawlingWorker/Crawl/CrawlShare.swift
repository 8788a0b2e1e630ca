import Concurrency
import Foundation
import JSON
import Jobs
import Synchronization
import WebAddress
import WorkerKit

/// One worker's share of a crawl: the hosts that it owns, and what it fetches from them.
///
/// Order of effects for a URL, and what a death in between leaves:
/// 1. Its host is owned by this share, in the database, until a time that is pushed on while the share lives. No request to a host begins after
///    that time, so two shares never fetch from one host, and a host's rate holds across deaths: who takes it over begins with a pause.
/// 2. It is fetched and read. Nothing of that is written: the next owner of the host fetches it again.
/// 3. One transaction (`Crawl.write`), within the job's fence, writes what became of it, the page, the URLs that were found on it, and all counts. From
///    then on nobody fetches it again. Many URLs share a transaction.
///
/// A crawl is at its end when no URL waits; which the database knows exactly, because a URL stops waiting in the transaction that adds what was
/// found on it.
final class CrawlShare: Sendable {
    /// Why a share ends.
    enum Ending: String, Sendable {
        /// Nothing waits any more.
        case exhausted
        case maxPages = "max_pages"
        case maxBytes = "max_bytes"
        case maxSeconds = "max_seconds"
        /// The job was asked to end, or the job that leads the crawl has ended.
        case stopped
    }

    private struct State {
        var ending: Ending?
        var leaseEnd = ContinuousClock.now
        var renewedAt = ContinuousClock.now
        var deadline: ContinuousClock.Instant?
        var openHosts = 0
        var shares = 1
        var hosts = 0

        /// How many hosts are this share's part of them.
        var fairHosts: Int { max(1, (openHosts + shares - 1) / shares) }
    }

    /// How many hosts a share owns at a time.
    private static let mostHosts = 256

    let crawl: Crawl
    let plan: CrawlPlan
    let context: JobContext
    let tools: CrawlTools
    let stages: CrawlStages
    let earlier: Crawl?
    let seen = SeenURLs()
    let fetcher: PageFetcher
    let transfers: Permits
    /// Room for URLs between the beginning of their request and the commit of what became of them.
    let passages: Permits
    private let owner = UUID()
    private var lease: Duration { tools.lease }
    private let isLeader: Bool
    private let state = Mutex(State())
    /// The hosts that it visits, by their rows.
    private let visits = Mutex<[Int64: HostVisit]>([:])
    private let news = Wakeup()
    private let tally: CrawlTally
    private let writer: CrawlWriter

    init(
        of crawl: Crawl, plan: CrawlPlan, context: JobContext, tools: CrawlTools, earlier: Crawl?, isLeader: Bool
    ) {
        self.crawl = crawl
        self.plan = plan
        self.context = context
        self.tools = tools
        self.earlier = earlier
        self.isLeader = isLeader
        stages = CrawlStages(context)
        fetcher = PageFetcher(client: tools.client, userAgent: plan.userAgent)
        transfers = Permits(count: plan.concurrency)
        passages = Permits(count: plan.concurrency * 2 + 16)
        tally = CrawlTally(
            onChange: { Self.report($0, of: plan, context) }, onNewHost: { [news] in news.signal() })
        writer = CrawlWriter(tally, crawl, plan, context, stages)
    }

    /// Fetches what there is to fetch until the crawl or this share is at its end.
    func run() async throws -> Ending {
        try await renew()
        let ending = try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                try await self.keepAlive()
                return nil
            }
            group.addTask { try await self.visitHosts() }
            defer { group.cancelAll() }
            while let result = try await group.next() { if let result { return result } }
            return Ending.stopped
        }
        try await context.transaction { [crawl, owner, plan] in
            try crawl.leave(owner, delay: plan.pace.minimumDelay, $0)
        }
        return ending
    }

    /// What is counted, as far as this share knows.
    var counts: CrawlCounts { tally.counts }

    // MARK: hosts

    private func visitHosts() async throws -> Ending {
        try await withThrowingTaskGroup(of: Void.self) { hosts in
            while true {
                if let ending = ending() {
                    // Each sees it as well and ends what it has under way.
                    try await hosts.waitForAll()
                    return ending
                }
                let room = state.withLock { min(Self.mostHosts, $0.fairHosts) - $0.hosts }
                let taken = room > 0 ? try await take(room) : []
                for host in taken {
                    state.withLock { $0.hosts += 1 }
                    let visit = HostVisit(host, self)
                    visits.withLock { $0[host.id] = visit }
                    hosts.addTask {
                        defer { self.ended(host) }
                        try await visit.run()
                    }
                }
                guard taken.isEmpty else { continue }
                if state.withLock({ $0.hosts == 0 }) {
                    try await renew()
                    if state.withLock({ $0.openHosts == 0 }) { return .exhausted }
                }
                await news.wait(upTo: .seconds(1))
            }
        }
    }

    private func take(_ limit: Int) async throws -> [CrawlHost] {
        try await context.transaction { [crawl, owner, lease] in
            try crawl.takeHosts(owner, limit: limit, lease: lease, $0)
        }
    }

    /// Sends one request to a host that the asker does not visit, at a time when nobody else does; nil when the share ends first.
    func fetchAsGuest(_ request: FetchRequest) async throws -> FetchedAnswer? {
        let origin = request.url.origin
        let visit = visits.withLock { $0.values.first { $0.host.origin == origin } }
        if let answer = await visit?.fetch(request) { return answer }
        let slot = plan.pace.longestWay + plan.pace.minimumDelay
        let wait = try await context.transaction { [crawl, lease] in
            try crawl.reserve(origin, slot: slot, lease: lease, $0)
        }
        let start = ContinuousClock.now + wait
        while mayBegin {
            let left = start - .now
            guard left > .zero else { return await fetcher.fetch(request) }
            try await Task.sleep(for: min(left, .seconds(1)))
        }
        return nil
    }

    /// Gives a host back.
    ///
    /// - Parameter delay: how long nobody may send a request to it.
    func release(_ host: CrawlHost, delay: Duration) async throws {
        try await context.transaction { [crawl, owner] in try crawl.release([(host.id, delay)], from: owner, $0) }
    }

    private func ended(_ host: CrawlHost) {
        visits.withLock { $0[host.id] = nil }
        state.withLock { $0.hosts -= 1 }
        news.signal()
    }

    /// Whether there are hosts enough for others to give one of them away.
    var hasTooManyHosts: Bool { state.withLock { $0.shares > 1 && $0.hosts > $0.fairHosts } }

    // MARK: the lease

    private func keepAlive() async throws {
        while true {
            try await Task.sleep(for: lease / 4)
            try await renew()
        }
    }

    private func renew() async throws {
        // Counted from before the call: the database counts from later.
        let start = ContinuousClock.now
        let time = state.withLock { isLeader ? start - $0.renewedAt : .zero }
        let now = try await context.transaction { [crawl, owner, lease] in
            try crawl.renew(owner, lease: lease, adding: time, $0)
        }
        state.withLock { state in
            // Sooner than the others may take the hosts: what has begun by then is there before their first request.
            state.leaseEnd = start + lease - min(lease / 3, .seconds(5))
            state.renewedAt = start
            state.deadline = start + max(.zero, plan.time - now.counts.time)
            (state.openHosts, state.shares) = (now.openHosts, max(1, now.shares))
            if !now.isLed, !isLeader, state.ending == nil { state.ending = .stopped }
        }
        let visits = visits.withLock { $0 }
        for (host, time) in now.holds { visits[host]?.hold(for: time) }
        tally.take(now.counts)
    }

    /// Whether a request may begin now: the hosts are this share's, and nothing asks it to end.
    var mayBegin: Bool { ending() == nil && state.withLock { $0.leaseEnd > .now } }

    private func ending() -> Ending? {
        if context.stopReason != nil || Task.isCancelled { return .stopped }
        let counts = tally.counts
        return state.withLock { state in
            if let ending = state.ending { return ending }
            if counts.pages >= plan.maxPages || tally.isFull { state.ending = .maxPages }
            if counts.bytes >= plan.maxBytes { state.ending = .maxBytes }
            if let deadline = state.deadline, deadline <= .now { state.ending = .maxSeconds }
            return state.ending
        }
    }

    // MARK: records

    /// Writes what became of a URL; returns when it is committed.
    func write(_ record: CrawlRecord) async throws { try await writer.write(record) }

    /// Writes URLs that were found by no page; returns when they are committed.
    func add(_ found: [FoundURL]) async throws {
        let counts = try await context.transaction { [crawl] in try crawl.add(found, $0) }
        tally.take(counts, found: found)
    }

    /// Tells the job's client of a URL that could not be fetched or read.
    func note(_ code: String, _ message: String, of url: String, status: Int?) {
        var details: JSONObject = ["code": .string(code), "url": .string(url)]
        if let status { details["status"] = .int(Int64(status)) }
        context.error(.error, in: stages.fetch, message, details: .object(details), record: url)
    }

    private static func report(_ counts: CrawlCounts, of plan: CrawlPlan, _ context: JobContext) {
        context.report(
            completed: Double(counts.finished), total: Double(max(counts.discovered, counts.finished)), unit: "URLs",
            phase: "crawl",
            numbers: [
                ("discovered", .int(Int64(counts.discovered))), ("pages", .int(Int64(counts.pages))),
                ("max_pages", .int(Int64(plan.maxPages))), ("failed", .int(Int64(counts.failed))),
                ("skipped", .int(Int64(counts.skipped))), ("bytes", .int(Int64(counts.bytes))),
            ])
    }

    // MARK: links

    /// The URLs that belong to the crawl and that nobody has seen lately.
    func found(_ links: [CanonicalLink], on page: FrontierURL, kind: FrontierKind = .page, depth: Int? = nil)
        -> [FoundURL]
    {
        let depth = depth ?? Int(page.depth) + 1
        guard depth <= plan.maxDepth else { return [] }
        let new = seen.filter(links.filter(\.isFollowed)) { $0.url }
        stages.frontier.took(records: links.count)
        let found = new.compactMap { link -> FoundURL? in
            // What a child says is a URL only if it is one here too.
            guard let url = PageURL(checking: link.url), plan.scope.contains(url) else { return nil }
            return FoundURL(url, kind: kind, depth: Int16(clamping: depth), referrer: page.id)
        }
        stages.frontier.gave(records: found.count)
        return found
    }
}
