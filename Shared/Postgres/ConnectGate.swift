import Concurrency
import Synchronization

/// Spaces attempts to connect to a server that does not take them: within the backoff, the last error comes at once.
///
/// Failing fast is what lets a service answer 503 while the database is down; whoever can wait tries again.
final class ConnectGate: Sendable {
    private struct State {
        var failures = 0
        var closedUntil: ContinuousClock.Instant?
        var lastError: PostgresError?
    }

    private let backoff = Backoff(base: .milliseconds(50), cap: .seconds(1))
    private let state = Mutex(State())

    /// Runs `open` unless the gate is closed, and closes or opens the gate by its outcome.
    func connect<Opened>(_ open: () throws(PostgresError) -> Opened) throws(PostgresError) -> Opened {
        let refusal = state.withLock { state -> PostgresError? in
            guard let until = state.closedUntil, ContinuousClock.now < until else { return nil }
            return state.lastError
        }
        if let refusal { throw refusal }
        do {
            let opened = try open()
            state.withLock { $0 = State() }
            return opened
        } catch {
            state.withLock { state in
                state.failures += 1
                state.lastError = error
                state.closedUntil = .now + backoff.delay(afterFailures: state.failures)
            }
            throw error
        }
    }
}
