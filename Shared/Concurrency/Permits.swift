import Synchronization

/// Lets so many in at one time; the others wait in the order of arrival.
public final class Permits: Sendable {
    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    /// Makes room for `count`, at least for one.
    public init(count: Int) { state = Mutex((max(1, count), [])) }

    /// Runs the body once there is room. Whoever waits is let in in the end even when cancelled, and sees to it there.
    public func run<Output, Failure: Error>(
        _ body: () async throws(Failure) -> Output
    ) async throws(Failure) -> Output {
        await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let mayEnter = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if mayEnter { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
