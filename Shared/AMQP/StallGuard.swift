import Foundation
import Synchronization

/// Ends a C call that hangs: librabbitmq's writes have no deadline, so another thread shuts the socket down, which fails them.
final class StallGuard: Sendable {
    private struct State {
        /// A duplicate, so that it can never name a descriptor that librabbitmq has closed and somebody else has got.
        var socket: Int32 = -1
        var busySince: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Watches a socket from now on, instead of any other.
    func attach(_ socket: Int32) {
        let duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        state.withLock { state in
            if state.socket >= 0 { close(state.socket) }
            state.socket = duplicate
        }
    }

    func detach() {
        state.withLock { state in
            if state.socket >= 0 { close(state.socket) }
            state.socket = -1
            state.busySince = nil
        }
    }

    /// The thread may be in a C call from now on.
    func enter() { state.withLock { $0.busySince = .now } }

    /// The thread is in no C call that can hang.
    func leave() { state.withLock { $0.busySince = nil } }

    /// Shuts the socket down if the thread is in one call for longer than `limit`.
    func check(limit: Duration) {
        state.withLock { state in
            guard let since = state.busySince, state.socket >= 0, since.duration(to: .now) > limit else { return }
            shutdown(state.socket, Int32(SHUT_RDWR))
        }
    }
}
