import Concurrency
import Foundation
import Jobs
import Postgres
import Synchronization
import Telemetry

/// Hands new events to whoever waits for them: SSE streams and long polls.
///
/// Workers announce each committed batch with an empty notification. The hub then asks once for all that is waited for; nothing
/// is asked while nobody waits. A notification may be lost with its connection, so the hub also asks every second. Waiters pull:
/// what a slow client has not taken yet stays in the database.
///
/// Within one job the numbers of events grow in commit order, because each is written under the job's row lock: no reader can
/// pass over one that commits late.
final class EventHub: Sendable {
    private struct Waiter {
        let job: UUID
        let after: Int64
        /// When the job was made.
        let since: Date
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<[Event], Never>
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var nextID = 0
        var cancelled: Set<Int> = []
        var isClosed = false
    }

    private static let maxEvents = 1000
    private static let maxWaiters = 20_000

    private let store: JobStore
    private let log: Logger
    private let state = Mutex(State())
    private let wakeup = Wakeup()

    init(_ store: JobStore, log: Logger) {
        self.store = store
        self.log = log
    }

    /// The next events of a job after this one; none when the deadline or a cancellation comes first.
    ///
    /// - Parameter time: when the job was made: the partitions of earlier times are left out.
    func next(
        after sequence: Int64, of job: UUID, since time: Date = .distantPast, until deadline: ContinuousClock.Instant
    ) async throws -> [Event] {
        let (id, isFull) = state.withLock { state in
            state.nextID += 1
            return (state.nextID, state.waiters.count >= Self.maxWaiters)
        }
        guard !isFull else { throw BatcherOverflow(limit: Self.maxWaiters) }
        let events = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard state.cancelled.remove(id) == nil, !state.isClosed else { return false }
                    state.waiters[id] = Waiter(
                        job: job, after: sequence, since: time, deadline: deadline, continuation: continuation)
                    return true
                }
                if isWaiting { wakeup.signal() } else { continuation.resume(returning: []) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter == nil { state.cancelled.insert(id) }
                return waiter
            }
            waiter?.continuation.resume(returning: [])
        }
        _ = state.withLock { $0.cancelled.remove(id) }
        try Task.checkCancellation()
        return events
    }

    /// Whether a job has no event after this one.
    func isAtEnd(_ sequence: Int64, of job: UUID, since time: Date = .distantPast) async throws -> Bool {
        try await store.events(after: [(job, sequence)], since: time, limit: 1).isEmpty
    }

    /// Lets nobody wait any more: whoever waits gets no events. For the end of the process.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.continuation.resume(returning: []) }
    }

    /// Whether nobody can wait any more.
    var isClosed: Bool { state.withLock(\.isClosed) }

    /// Something was committed.
    func announce() {
        if state.withLock({ !$0.waiters.isEmpty }) { wakeup.signal() }
    }

    /// Serves the waiters until cancelled; ends them all then.
    func run() async {
        while !Task.isCancelled {
            expire()
            let waiters = state.withLock { $0.waiters }
            if !waiters.isEmpty {
                do {
                    if try await deliver(to: waiters) { continue }
                } catch {
                    log.warning("events cannot be read", ["error": .error(error)])
                }
            }
            await wakeup.wait(upTo: pause)
        }
        close()
    }

    /// - Returns: whether there may be more right now.
    private func deliver(to waiters: [Int: Waiter]) async throws -> Bool {
        let positions = waiters.values.map { ($0.job, $0.after) }
        let oldest = waiters.values.lazy.map(\.since).min() ?? .distantPast
        let events = try await store.events(after: positions, since: oldest, limit: Self.maxEvents)
        guard !events.isEmpty else { return false }
        let byJob = Dictionary(grouping: events, by: \.job)
        for (id, waiter) in waiters {
            // Two waiters of one job may be at different places, and the join answers both: sort out and remove what repeats.
            var last = waiter.after
            let own = (byJob[waiter.job] ?? []).filter { event in
                guard event.sequence > last else { return false }
                last = event.sequence
                return true
            }
            guard !own.isEmpty, let live = state.withLock({ $0.waiters.removeValue(forKey: id) }) else { continue }
            live.continuation.resume(returning: own)
        }
        return events.count == Self.maxEvents
    }

    private func expire() {
        let now = ContinuousClock.now
        let expired = state.withLock { state in
            let ids = state.waiters.filter { $0.value.deadline <= now }.keys
            return ids.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in expired { waiter.continuation.resume(returning: []) }
    }

    private var pause: Duration {
        let nearest = state.withLock { $0.waiters.values.map(\.deadline).min() }
        guard let nearest else { return .seconds(1) }
        return max(.milliseconds(1), min(.seconds(1), nearest - .now))
    }
}
