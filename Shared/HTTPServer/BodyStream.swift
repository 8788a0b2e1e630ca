import Synchronization

/// The body of a request as it comes, in chunks of at most 256 KiB and a bit.
///
/// The server stops reading from the client while 256 KiB wait to be taken. It can be iterated once, by one task. It throws
/// `BodyStreamError` when the body will not come to its end, and `CancellationError` when the reading task is cancelled.
public struct BodyStream: AsyncSequence, Sendable {
    let channel: BodyChannel

    /// Takes the chunks.
    public struct Iterator: AsyncIteratorProtocol {
        let channel: BodyChannel

        /// The next bytes (never empty), or nil at the end of the body.
        public mutating func next() async throws -> [UInt8]? { try await channel.next() }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(channel: channel) }
}

/// Why a streamed body ended early.
public enum BodyStreamError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The client closed the connection, or broke the encoding of the body.
    case disconnected
    /// The body is larger than the limit of its `BodyPolicy`; the client has been told.
    case tooLarge(limit: Int)
    /// The client sent nothing for `HTTPServerConfiguration.bodyTimeout`.
    case timeout

    /// A sentence for people.
    public var description: String {
        switch self {
        case .disconnected: "the client went away in the middle of the body"
        case .tooLarge(let limit): "the body is larger than \(limit) bytes"
        case .timeout: "the body stopped coming"
        }
    }
}

/// The bounded buffer between the server's thread, which appends, and the handler's task, which takes.
final class BodyChannel: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var isFinished = false
        var failure: BodyStreamError?
        var waiter: CheckedContinuation<[UInt8]?, any Error>?
    }

    /// How many bytes may wait before the client is held up.
    static let capacity = 256 << 10

    private let state = Mutex(State())
    private let onRoom: @Sendable () -> Void

    /// Makes a channel; `onRoom` is called whenever a full buffer has been taken.
    init(onRoom: @escaping @Sendable () -> Void) { self.onRoom = onRoom }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Adds bytes, or answers false when the buffer is full: then they must be offered again after `onRoom`.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        enum Outcome { case full, kept, handOver(CheckedContinuation<[UInt8]?, any Error>) }
        let outcome = state.withLock { state -> Outcome in
            if let waiter = state.waiter.take() { return .handOver(waiter) }
            guard state.pending.count < Self.capacity else { return .full }
            state.pending.append(contentsOf: bytes)
            return .kept
        }
        switch outcome {
        case .full: return false
        case .kept: break
        case .handOver(let waiter): waiter.resume(returning: Array(bytes))
        }
        return true
    }

    /// Ends the stream after what is still buffered, in an error if there is one; only the first call counts.
    func finish(_ failure: BodyStreamError? = nil) {
        let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            guard !state.isFinished else { return nil }
            state.isFinished = true
            state.failure = failure
            return state.waiter.take()
        }
        if let failure { waiter?.resume(throwing: failure) } else { waiter?.resume(returning: nil) }
    }

    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, wasFull) = state.withLock { state -> (Result<[UInt8]?, any Error>?, Bool) in
                    precondition(state.waiter == nil, "a body has one reader")
                    if !state.pending.isEmpty {
                        let chunk = state.pending
                        state.pending = []
                        return (.success(chunk), chunk.count >= Self.capacity)
                    }
                    if let failure = state.failure { return (.failure(failure), false) }
                    if state.isFinished { return (.success(nil), false) }
                    if Task.isCancelled { return (.failure(CancellationError()), false) }
                    state.waiter = continuation
                    return (nil, false)
                }
                if let result { continuation.resume(with: result) }
                if wasFull { onRoom() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(throwing: CancellationError())
        }
    }
}
