import Jobs
import Synchronization

/// What operators have said about the flow of jobs: pauses and limits, read again twice a second.
///
/// Nothing passes on the direct path before they were read once, so that a gateway that has just started keeps them too.
final class FlowRules: Sendable {
    struct Snapshot: Sendable {
        var pauses: [String: QueuePause] = [:]
        var limits: [LimitSubject: Limit] = [:]
    }

    private struct State {
        var rules = Snapshot()
        var readAt: ContinuousClock.Instant?
        /// Reads are numbered as they begin: `begun` is the newest of all, `kept` the one that `rules` come from.
        var begun: UInt64 = 0
        var kept: UInt64 = 0
    }

    private static let maxAge: Duration = .milliseconds(500)

    private let read: @Sendable () async throws -> Snapshot
    private let state = Mutex(State())

    init(read: @escaping @Sendable () async throws -> Snapshot) { self.read = read }

    convenience init(_ store: JobStore) {
        self.init {
            let (pauses, limits) = try await (store.pauses(), store.limits())
            return Snapshot(
                pauses: Dictionary(pauses.map { ($0.type, $0) }) { first, _ in first },
                limits: Dictionary(limits.map { ($0.subject, $0) }) { first, _ in first })
        }
    }

    /// The rules as they were last read.
    var current: Snapshot { state.withLock(\.rules) }

    /// Whether a job need not wait for its turn, as far as rules go: no pause and no limit can hold it.
    func letsPass(type: String, namespace: String, key: String?) -> Bool {
        state.withLock { state in
            guard state.readAt != nil, state.rules.pauses[type] == nil else { return false }
            guard !state.rules.limits.isEmpty else { return true }
            return !LimitSubject.of(type: type, namespace: namespace, key: key).contains {
                LimitLedger.limit($0, in: state.rules.limits) != nil
            }
        }
    }

    /// Reads the rules. One that began before another that is already kept changes nothing: it may have looked before a pause that
    /// the other saw, and would let jobs pass for half a second more.
    func refresh() async throws {
        let number = state.withLock { state in
            state.begun += 1
            return state.begun
        }
        let rules = try await read()
        state.withLock { state in
            guard number > state.kept else { return }
            (state.rules, state.readAt, state.kept) = (rules, .now, number)
        }
    }

    /// Reads the rules again when they are old.
    func refreshIfOld() async throws {
        if let readAt = state.withLock(\.readAt), .now - readAt < Self.maxAge { return }
        try await refresh()
    }
}
