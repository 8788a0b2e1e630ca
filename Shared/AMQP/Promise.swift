import Synchronization

/// One result that one task waits for; the first to resolve it wins.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case pending
        case waiting(CheckedContinuation<Result<Value, AMQPError>, Never>)
        case resolved(Result<Value, AMQPError>)
    }

    private let state = Mutex(State.pending)

    func resolve(_ result: Result<Value, AMQPError>) {
        let waiter = state.withLock { state -> CheckedContinuation<Result<Value, AMQPError>, Never>? in
            switch state {
            case .pending:
                state = .resolved(result)
                return nil
            case .waiting(let continuation):
                state = .resolved(result)
                return continuation
            case .resolved: return nil
            }
        }
        waiter?.resume(returning: result)
    }

    /// The result, or `.timeout` after `timeout`. One waiter.
    func value(timeout: Duration) async -> Result<Value, AMQPError> {
        let timer = Task {
            do { try await Task.sleep(for: timeout) } catch { return }
            resolve(.failure(AMQPError(.timeout, "no answer within \(timeout)")))
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> Result<Value, AMQPError>? in
                if case .resolved(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
