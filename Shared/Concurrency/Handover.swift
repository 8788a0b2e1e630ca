import Dispatch
import Synchronization

/// Hands values from a thread that may block to a task that may not, a few at a time: who is ahead waits for the other.
///
/// One sender, one receiver. Either may end it: the sender with `finish`, the receiver with `close`, after which `send` throws.
public final class Handover<Value: Sendable>: Sendable {
    /// The receiver takes nothing more.
    public struct Closed: Error {}

    private struct State {
        var values: [Value] = []
        var isFinished = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let arrived = Wakeup()
    private let room: DispatchSemaphore

    /// Makes a handover that holds so many values at most.
    public init(capacity: Int) { room = DispatchSemaphore(value: capacity) }

    /// Hands a value on; blocks the thread while there is no room. The receiver bounds the wait: it takes the values, or closes.
    public func send(_ value: Value) throws(Closed) {
        room.wait()
        let isClosed = state.withLock { state in
            if !state.isClosed { state.values.append(value) }
            return state.isClosed
        }
        guard !isClosed else {
            // The next one finds it closed, too.
            room.signal()
            throw Closed()
        }
        arrived.signal()
    }

    /// Says that nothing more comes.
    public func finish() {
        state.withLock { $0.isFinished = true }
        arrived.signal()
    }

    /// The next value, nil after the last one.
    ///
    /// - Throws: `CancellationError`.
    public func next() async throws -> Value? {
        while true {
            let (value, isFinished) = state.withLock { state in
                (state.values.isEmpty ? nil : state.values.removeFirst(), state.isFinished)
            }
            if let value {
                room.signal()
                return value
            }
            if isFinished { return nil }
            try Task.checkCancellation()
            await arrived.wait(upTo: .seconds(1))
        }
    }

    /// Takes nothing more: a sender that waits, or comes later, is told so.
    public func close() {
        let dropped = state.withLock { state in
            defer { state.values = [] }
            state.isClosed = true
            return state.values.count
        }
        // A sender that waits has found no room, so there were values; it signals again for the next one.
        for _ in 0..<dropped { room.signal() }
    }

    deinit {
        // A semaphore that is freed below its first value ends the process.
        for _ in 0..<state.withLock(\.values.count) { room.signal() }
    }
}
