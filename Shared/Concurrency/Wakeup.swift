import Synchronization

/// Wakes one waiting loop; a signal that comes while nobody waits is kept, and many signals count as one.
public final class Wakeup: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(id: Int, CheckedContinuation<Void, Never>)
    }

    private let state = Mutex((state: State.idle, lastID: 0, releasedID: 0))

    /// Makes a wakeup that nobody has signalled.
    public init() {}

    /// Wakes the waiter, or the next one to come.
    public func signal() {
        let continuation = state.withLock { shared -> CheckedContinuation<Void, Never>? in
            if case .waiting(_, let continuation) = shared.state {
                shared.state = .idle
                return continuation
            }
            shared.state = .signalled
            return nil
        }
        continuation?.resume()
    }

    /// Returns after a signal, after `limit`, or when the task is cancelled, whichever is first. One waiter at a time.
    public func wait(upTo limit: Duration) async {
        let id = state.withLock { shared in
            shared.lastID += 1
            return shared.lastID
        }
        let timer = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            release(id)
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { shared -> Bool in
                    if case .signalled = shared.state {
                        shared.state = .idle
                        return true
                    }
                    if shared.releasedID >= id { return true }
                    if case .waiting = shared.state { preconditionFailure("a wakeup has one waiter") }
                    shared.state = .waiting(id: id, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            release(id)
        }
    }

    private func release(_ id: Int) {
        let continuation = state.withLock { shared -> CheckedContinuation<Void, Never>? in
            // The timer of an earlier wait may come late and must not undo the release of a later one.
            shared.releasedID = max(shared.releasedID, id)
            guard case .waiting(id, let continuation) = shared.state else { return nil }
            shared.state = .idle
            return continuation
        }
        continuation?.resume()
    }
}
