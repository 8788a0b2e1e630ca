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

    private static let maxAge: Duration = .milliseconds(500)

    private let store: JobStore
    private let state = Mutex<(rules: Snapshot, readAt: ContinuousClock.Instant?)>((Snapshot(), nil))

    init(_ store: JobStore) { self.store = store }

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

    /// Reads the rules.
    func refresh() async throws {
        let (pauses, limits) = try await (store.pauses(), store.limits())
        let rules = Snapshot(
            pauses: Dictionary(pauses.map { ($0.type, $0) }) { first, _ in first },
            limits: Dictionary(limits.map { ($0.subject, $0) }) { first, _ in first })
        state.withLock { $0 = (rules, .now) }
    }

    /// Reads the rules again when they are old.
    func refreshIfOld() async throws {
        if let readAt = state.withLock(\.readAt), .now - readAt < Self.maxAge { return }
        try await refresh()
    }
}
