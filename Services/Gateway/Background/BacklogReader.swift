import Foundation
import Jobs
import Synchronization

/// Takes jobs out of the backlog in a fair order, as far as the limits let them go.
///
/// The jobs of a limit are marked dispatched before their commands are published, the others afterwards (see `Unmarked`):
/// - what is marked and then not published (a crash, a broker that does not confirm) is found missing by the dispatcher's audit, or
///   given back at once when the failure is seen; until then it holds its places, so a limit is never exceeded;
/// - only who still leads can mark, so that two leaders for a moment do not use a limit twice.
/// Commands that others publish straight to the broker count against the limits, but are not held back by them.
final class BacklogReader: Sendable {
    /// The next commands of a type.
    struct Batch: Sendable {
        /// Marked already.
        var marked: [Command] = []
        /// To be marked when they are confirmed, with the time at which they were read.
        var unmarked: [Command] = []
        var readAt = Date()
        /// Whether nothing that may go is left of the lanes that were read.
        var isAll = false
    }

    private struct Orders {
        var watch = LaneWatch()
        var fair: [String: FairOrder] = [:]
        /// Where to go on in a lane whose oldest jobs all have keys that have reached their limit.
        var depths: [String: [Lane: UUID]] = [:]
    }

    /// How many jobs of a lane are looked at when some may have to be passed over.
    private static let depth = 500

    private let store: JobStore
    private let duty: String
    private let holder: String
    private let orders = Mutex(Orders())

    init(_ store: JobStore, duty: String, holder: String) {
        self.store = store
        self.duty = duty
        self.holder = holder
    }

    /// From where the lanes of these types are to be looked for; nowhere, while those that are known will do.
    func cursors(_ types: [String], at now: ContinuousClock.Instant) -> [LaneCursor] {
        orders.withLock { orders in
            guard orders.watch.isDue(at: now) else { return [] }
            return types.flatMap { type in
                Priority.allCases.map {
                    LaneCursor(type: type, priority: $0, after: orders.fair[type]?.cursor($0) ?? "")
                }
            }
        }
    }

    /// Takes in what a look found that began at `start` and at these cursors.
    func note(_ lanes: [String: [Lane]], from cursors: [LaneCursor], page: Int, lookedAt start: ContinuousClock.Instant)
    {
        orders.withLock { orders in
            var paged: Set<String> = []
            for cursor in cursors {
                let found = lanes[cursor.type]?.count { $0.priority == cursor.priority } ?? 0
                if found >= page || !cursor.after.isEmpty { paged.insert(cursor.type) }
                if found == 0 { orders.fair[cursor.type]?.restart(cursor.priority) }
            }
            orders.watch.found(lanes, paged: paged, lookedAt: start)
        }
    }

    /// The lanes of these types that are known to have work.
    func lanes(_ types: [String]) -> [String: [Lane]] {
        orders.withLock { orders in
            types.reduce(into: [:]) { lanes, type in
                let known = orders.watch.lanes(type)
                if !known.isEmpty { lanes[type] = known }
            }
        }
    }

    /// The types of which more waits than is known here, and how much waits of the others.
    var depths: (deep: Set<String>, expected: [String: Int]) {
        orders.withLock { ($0.watch.deep, $0.watch.expected) }
    }

    /// These jobs have been committed and wait.
    func expect(_ jobs: [Submission]) {
        let now = ContinuousClock.now
        orders.withLock { orders in
            for job in jobs { orders.watch.expect(Lane(job.priority, job.namespace), of: job.type, at: now) }
        }
    }

    /// There may be work that is not known here.
    func ask() { orders.withLock { $0.watch.ask(at: .now) } }

    /// Takes up to `limit` jobs of a type out of these lanes.
    func read(
        _ type: String, lanes: [Lane], limit: Int, except published: [UUID], limits: [LimitSubject: Limit]
    ) async throws -> Batch {
        guard !limits.isEmpty else { return try await readFreely(type, lanes: lanes, limit: limit, except: published) }
        let (start, expected) = (ContinuousClock.now, expected(type))
        let state = try await store.limitUse()
        var ledger = LimitLedger(limits, uses: state.uses, buckets: state.buckets, now: state.now)
        let turns = turns(type, lanes.filter { !ledger.isClosed($0, type: type) }, of: lanes, limit)
        guard !turns.isEmpty else { return Batch() }
        let requests = deepened(Self.requests(turns), type)
        let jobs = try await store.backlog(type: type, requests, except: published)
        let picked = FairOrder.pick(turns, from: jobs) { ledger.take($0, type: type) }
        noteDepths(requests, jobs, picked, type)
        let left = Set(Set(jobs).subtracting(picked).map(\.lane))
        let drained = Self.exhausted(requests, by: jobs).filter { !left.contains($0) }
        let isAll = noteRead(drained: drained, of: lanes, type, expected: expected, readAt: start)
        let limited = picked.filter { ledger.isLimited($0, type: type) }.map(\.id)
        let free = picked.filter { !ledger.isLimited($0, type: type) }.map(\.id)
        var batch = Batch(isAll: isAll)
        if !free.isEmpty { (batch.unmarked, batch.readAt) = try await store.commands(of: free) }
        if !limited.isEmpty {
            batch.marked = try await store.commandsMarking(
                limited, buckets: ledger.buckets, duty: duty, holder: holder)
        }
        return batch
    }

    private func readFreely(
        _ type: String, lanes: [Lane], limit: Int, except published: [UUID]
    ) async throws -> Batch {
        let (start, expected) = (ContinuousClock.now, expected(type))
        let turns = turns(type, lanes, of: lanes, limit)
        let requests = Self.requests(turns)
        let (found, readAt) = try await store.backlogCommands(type: type, requests, except: published)
        let isAll = noteRead(
            drained: Self.exhausted(requests, by: found), of: lanes, type, expected: expected, readAt: start)
        return Batch(
            unmarked: FairOrder.pick(turns, from: found).map(\.command), readAt: readAt, isAll: isAll)
    }

    private func expected(_ type: String) -> Int { orders.withLock { $0.watch.expected[type] ?? 0 } }

    /// The lanes that were read from their start to their end.
    private static func exhausted(_ requests: [LaneRequest], by found: [some LaneMember]) -> [Lane] {
        let counts = found.reduce(into: [Lane: Int]()) { $0[$1.lane, default: 0] += 1 }
        return requests.filter { $0.after == nil && counts[$0.lane, default: 0] < $0.count }.map(\.lane)
    }

    /// - Returns: whether nothing is left of any lane.
    private func noteRead(
        drained: [Lane], of lanes: [Lane], _ type: String, expected: Int, readAt start: ContinuousClock.Instant
    ) -> Bool {
        let isAll = drained.count == lanes.count
        orders.withLock {
            $0.watch.read(type, drained: drained, isAll: isAll, expected: expected, readAt: start)
        }
        return isAll
    }

    private func turns(_ type: String, _ lanes: [Lane], of page: [Lane], _ count: Int) -> [Lane] {
        orders.withLock { $0.fair[type, default: FairOrder()].turns(lanes, of: page, count: count) }
    }

    private static func requests(_ turns: [Lane]) -> [LaneRequest] {
        var counts: [Lane: Int] = [:]
        for lane in turns { counts[lane, default: 0] += 1 }
        return counts.map { LaneRequest($0.key, count: $0.value) }
    }

    private func deepened(_ requests: [LaneRequest], _ type: String) -> [LaneRequest] {
        orders.withLock { orders in
            requests.map {
                LaneRequest($0.lane, after: orders.depths[type]?[$0.lane], count: max($0.count, Self.depth))
            }
        }
    }

    /// A lane of which nothing could go is looked at further down the next time; at its end one begins at its start again.
    private func noteDepths(_ requests: [LaneRequest], _ jobs: [BacklogJob], _ picked: [BacklogJob], _ type: String) {
        let found = Dictionary(grouping: jobs, by: \.lane)
        let served = Set(picked.map(\.lane))
        var depths: [Lane: UUID] = [:]
        for request in requests where !served.contains(request.lane) {
            guard let jobs = found[request.lane], jobs.count == request.count else { continue }
            depths[request.lane] = jobs.last?.id
        }
        orders.withLock { $0.depths[type] = depths }
    }
}
