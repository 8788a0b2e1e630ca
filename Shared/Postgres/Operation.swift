import CLibPQ
import Dispatch
import Foundation
import Synchronization

/// One use of a connection, from the moment it is taken until it is given back: what a cancellation is aimed at.
///
/// A cancel request reaches the server on a connection of its own and hits whatever the session is doing then. Two things keep it from
/// hitting somebody else: it is sent only while this operation lasts, and the operation does not end before a request under
/// way was processed (the server closes that connection only after it has signalled the session; an idle session ignores it).
final class Operation: Sendable {
    private struct State {
        var isCancelled = false
        var isPaused = false
        var canceller: CancelHandle?
        var isCancelling = false
    }

    /// How long the end of an operation waits for a cancel request under way.
    private static let requestLimit: DispatchTimeInterval = .seconds(5)
    /// A request that came a moment before its statement has no effect, so it is repeated.
    private static let repeatInterval: DispatchTimeInterval = .milliseconds(100)

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)
    private let requestsDone = DispatchSemaphore(value: 0)

    var isCancelled: Bool { state.withLock(\.isCancelled) }

    /// Begins on a connection, or goes on after `stopCancelling`. From now on a cancellation reaches the server.
    func begin(_ canceller: CancelHandle) {
        state.withLock { state in
            state.canceller = canceller
            state.isPaused = false
            startCancelling(&state)
        }
    }

    /// Cancels the operation, from any thread, without blocking.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            startCancelling(&state)
        }
    }

    /// Ends cancel requests, before work that must not be hit. Answers whether none is under way any more.
    func stopCancelling() -> Bool {
        let isCancelling = state.withLock { state in
            state.isPaused = true
            return state.isCancelling
        }
        guard isCancelling else { return true }
        ended.signal()
        guard requestsDone.wait(timeout: .now() + Self.requestLimit) == .success else { return false }
        state.withLock { $0.isCancelling = false }
        return true
    }

    private func startCancelling(_ state: inout State) {
        guard state.isCancelled, !state.isPaused, !state.isCancelling, let canceller = state.canceller else { return }
        state.isCancelling = true
        // PQcancel blocks, and libpq 15 has no other: a short-lived thread of its own, one per cancelled operation.
        Thread.detachNewThread { [self] in
            repeat { canceller.request() } while ended.wait(timeout: .now() + Self.repeatInterval) == .timedOut
            requestsDone.signal()
        }
    }
}

/// The owner of one `PGcancel`.
///
/// `@unchecked Sendable`: libpq documents PQcancel as thread-safe, and nothing changes the object.
final class CancelHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ connection: Connection) throws(PostgresError) {
        guard let pointer = PQgetCancel(connection.pointer) else { throw PostgresError(.connection, "out of memory") }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Asks the server to stop the session's statement; returns when the server has done so. A failure needs no report: the
    /// request is repeated, and the operation has a bound of its own.
    func request() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(pointer, buffer.baseAddress, Int32(buffer.count))
        }
    }
}
