import CMicroHTTPD
import Glibc
import Synchronization

/// One client connection: its pointer and socket, and who may touch them when.
///
/// The pointer and the descriptor are libmicrohttpd's; both are valid until the close notification, which takes this object's
/// lock and clears `isOpen`. Everybody else uses them under the lock and only while `isOpen`, so that neither a freed connection
/// nor a reused descriptor is ever touched.
///
/// Suspending: only the connection's own server thread parks it, in a callback; any thread wakes it. A wake that comes before the
/// park is kept and makes the park answer `.again`, so none is lost; a wake that nobody needed is harmless, because the callback
/// looks at its conditions again and parks again. `MHD_resume_connection` is called under the lock: once `stop` has been through
/// all connections, none is suspended and none can be again, which is what `MHD_stop_daemon` demands.
final class Connection: Sendable {
    /// What the client is to do before the deadline.
    enum Duty: Sendable {
        case none
        case sendHead
        case sendBody
        case takeEarlyResponse
        case leave
    }

    enum Parking { case parked, again, stopping }

    struct State {
        var isOpen = true
        var isParked = false
        var isNotified = false
        var isStopping = false
        /// Set when the client has been answered past libmicrohttpd: the callbacks only close from then on.
        var isAnswered = false
        /// Whether no request has been served yet.
        var isFresh = true
        var duty = Duty.sendHead
        var deadline: Int64
        var exchange: Exchange?
    }

    let remoteAddress: String
    let socket: Int32
    // libmicrohttpd's pointer; passed to its functions under the lock and while `isOpen`, see above.
    nonisolated(unsafe) private let pointer: OpaquePointer
    let state: Mutex<State>

    /// Takes up a connection that libmicrohttpd announces.
    init(_ pointer: OpaquePointer, headDeadline: Int64) {
        self.pointer = pointer
        socket = switchyard_MHD_socket(pointer)
        remoteAddress = numericAddress(switchyard_MHD_client_address(pointer))
        state = Mutex(State(deadline: headDeadline))
    }

    /// Suspends the connection unless there is something to look at. In a callback of this connection only.
    func park() -> Parking {
        state.withLock { state in
            if state.isStopping { return .stopping }
            if state.isNotified {
                state.isNotified = false
                return .again
            }
            MHD_suspend_connection(pointer)
            state.isParked = true
            return .parked
        }
    }

    /// Has the connection's callback called again.
    func wake() {
        state.withLock { wake(&$0) }
    }

    private func wake(_ state: inout State) {
        guard state.isOpen else { return }
        guard state.isParked else { return state.isNotified = true }
        state.isParked = false
        MHD_resume_connection(pointer)
    }

    /// Sets what the client owes from now on; answers false when the sweeper has answered it in the meantime.
    func expect(_ duty: Duty, until deadline: Int64 = .max) -> Bool {
        state.withLock { state in
            guard !state.isAnswered else { return false }
            state.duty = duty
            state.deadline = deadline
            return true
        }
    }

    /// Sends an answer past libmicrohttpd and has the rest of the input thrown away until `deadline`.
    ///
    /// For answers in the middle of a body, where libmicrohttpd can queue none. Only the sending side is closed: closing both with
    /// input unread would reset the connection, and the client might never see the answer. Nothing else may be being sent.
    func answerAndLeave(_ response: [UInt8], until deadline: Int64) {
        state.withLock { state in
            guard !state.isAnswered else { return }
            answerAndLeave(response, until: deadline, &state)
        }
    }

    func answerAndLeave(_ response: [UInt8], until deadline: Int64, _ state: inout State) {
        state.isAnswered = true
        state.duty = .leave
        state.deadline = deadline
        // What does not fit an empty socket buffer is lost: the client does not read, or the answer is no short message.
        _ = response.withUnsafeBytes {
            send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        shutdown(socket, Int32(SHUT_WR))
        wake(&state)
    }

    /// Whether the client has closed its sending side or the connection broke. Under the lock and while `isOpen`.
    var hasHungUp: Bool {
        var status = pollfd(fd: socket, events: pollHangUp, revents: 0)
        return poll(&status, 1, 0) > 0
    }

    /// Has libmicrohttpd look at a client that has hung up. Under the lock and while `isOpen`.
    ///
    /// 0.9.75 takes a short read as the end of what is there, although with edge-triggered epoll the FIN that came with the data
    /// gives no further event: a client that leaves in the middle of a request would keep its place until a timeout. Shutting
    /// down the receiving side, which the client has closed already, changes nothing but gives an event.
    func nudge() { shutdown(socket, Int32(SHUT_RD)) }

    /// Ends the connection at once; its callbacks follow on its own thread.
    func cut(_ state: inout State) {
        guard state.isOpen else { return }
        state.duty = .none
        state.deadline = .max
        shutdown(socket, Int32(SHUT_RDWR))
        wake(&state)
    }

    /// Wakes the connection for the last time: it cannot be suspended any more.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            wake(&state)
        }
    }

    /// The close notification: pointer and socket are gone when it returns.
    func close() {
        state.withLock { state in
            state.isOpen = false
            state.exchange = nil
        }
    }
}

/// Milliseconds of the monotonic clock, to a few milliseconds.
func coarseNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

extension Duration {
    /// Whole milliseconds, at least 1.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

private func numericAddress(_ address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "" }
    let length =
        Int32(address.pointee.sa_family) == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
        guard
            getnameinfo(
                address, socklen_t(length), text.baseAddress, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0,
            let start = text.baseAddress
        else { return "" }
        return String(cString: start)
    }
}

/// `POLLRDHUP` of Linux, which Glibc's module hides without `_GNU_SOURCE`.
private let pollHangUp: Int16 = 0x2000
