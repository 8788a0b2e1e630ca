import Synchronization

/// Lets so many in at one time; the others wait in the order of arrival.
public final class Permits: Sendable {
    private struct State {
        var free: Int
        var lastID = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state: Mutex<State>

    /// Makes room for `count`, at least for one.
    public init(count: Int) { state = Mutex(State(free: max(1, count))) }

    /// Runs the body once there is room. Whoever waits is let in in the end even when cancelled, and sees to it there.
    public func run<Output, Failure: Error>(
        _ body: () async throws(Failure) -> Output
    ) async throws(Failure) -> Output {
        _ = await enter(nextID())
        defer { leave() }
        return try await body()
    }

    /// Runs the body once there is room; a task that is cancelled while it waits throws this error at once.
    public func run<Output, Failure: Error>(
        whenCancelled error: Failure, _ body: () async throws(Failure) -> Output
    ) async throws(Failure) -> Output {
        let id = nextID()
        let isIn = await withTaskCancellationHandler {
            await enter(id, unlessCancelled: true)
        } onCancel: {
            giveUp(id)
        }
        guard isIn else { throw error }
        defer { leave() }
        return try await body()
    }

    private func nextID() -> Int {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Whether the caller is in; it is not only where it gave up.
    private func enter(_ id: Int, unlessCancelled: Bool = false) async -> Bool {
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state -> Bool? in
                // The handler may have run before there was anyone to wake; it never runs before the task is marked.
                if unlessCancelled, Task.isCancelled { return false }
                guard state.free > 0 else {
                    state.waiting.append((id, continuation))
                    return nil
                }
                state.free -= 1
                return true
            }
            if let isIn { continuation.resume(returning: isIn) }
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst().continuation }
            state.free += 1
            return nil
        }
        next?.resume(returning: true)
    }
}
