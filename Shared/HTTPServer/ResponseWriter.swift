import Synchronization

/// Writes the body of a streamed response.
public struct ResponseWriter: Sendable {
    let buffer: OutputBuffer

    /// Sends bytes in one piece: those of concurrent writers do not mix.
    ///
    /// Returns as soon as they are buffered; waits while 64 KiB or more are. Throws `ClientGone` when nobody will read them and
    /// `CancellationError` when the task is cancelled.
    public func write(_ bytes: [UInt8]) async throws { try await buffer.write(bytes) }

    /// Sends text in UTF-8, like `write(_:)` of bytes.
    public func write(_ text: String) async throws { try await buffer.write(Array(text.utf8)) }

    /// How long ago the last write was, or the response began.
    var idleTime: Duration { buffer.idleTime }
}

/// The client closed the connection before the response was complete.
public struct ClientGone: Error, Sendable, CustomStringConvertible {
    /// A sentence for people.
    public var description: String { "the client has gone" }
}

/// The bounded buffer between the handler's task, which writes, and the server's thread, which sends.
final class OutputBuffer: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var sent = 0
        var isFinished = false
        var isBroken = false
        var isClosed = false
        var waiters: [Waiter] = []
        var lastWaiter = 0
        var lastWrite = ContinuousClock.now
        var count: Int { bytes.count - sent }
    }
    private typealias Waiter = (id: Int, continuation: CheckedContinuation<Void, any Error>)

    /// What the server's thread finds.
    enum Reading { case bytes(Int), nothing, end, broken }

    /// How many bytes may wait before writers are held up. One write more than this may be kept per writer.
    static let capacity = 64 << 10

    private let state = Mutex(State())
    private let onChange: @Sendable () -> Void

    /// Makes a buffer; `onChange` is called whenever a reader that found nothing should look again.
    init(onChange: @escaping @Sendable () -> Void) { self.onChange = onChange }

    var idleTime: Duration { state.withLock { .now - $0.lastWrite } }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        while true {
            try Task.checkCancellation()
            let wasEmpty = try state.withLock { state -> Bool? in
                if state.isClosed { throw ClientGone() }
                guard state.count < Self.capacity else { return nil }
                let wasEmpty = state.count == 0
                if state.sent > 0, wasEmpty {
                    state.bytes.removeAll(keepingCapacity: true)
                    state.sent = 0
                }
                state.bytes.append(contentsOf: bytes)
                state.lastWrite = .now
                return wasEmpty
            }
            if let wasEmpty {
                if wasEmpty { onChange() }
                return
            }
            try await waitForRoom()
        }
    }

    private func waitForRoom() async throws {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard !Task.isCancelled, !state.isClosed, state.count >= Self.capacity else { return false }
                    state.waiters.append((id, continuation))
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Copies up to `room` bytes to `target` for sending.
    func read(into target: UnsafeMutableRawPointer, room: Int) -> Reading {
        let (reading, waiters) = state.withLock { state -> (Reading, [Waiter]) in
            if state.isBroken { return (.broken, []) }
            guard state.count > 0 else { return (state.isFinished ? .end : .nothing, []) }
            let count = min(room, state.count)
            state.bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                target.copyMemory(from: start + state.sent, byteCount: count)
            }
            state.sent += count
            if state.sent >= Self.capacity {
                state.bytes.removeFirst(state.sent)
                state.sent = 0
            }
            guard state.count <= Self.capacity / 2 else { return (.bytes(count), []) }
            defer { state.waiters.removeAll() }
            return (.bytes(count), state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume() }
        return reading
    }

    /// Ends the response after what is buffered.
    func finish() {
        state.withLock { $0.isFinished = true }
        onChange()
    }

    /// Ends the response in the middle, so that the client sees that it is incomplete.
    func abort() {
        state.withLock { $0.isBroken = true }
        onChange()
    }

    /// Makes every write fail: nobody will read any more.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.bytes = []
            state.sent = 0
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: ClientGone()) }
    }
}
