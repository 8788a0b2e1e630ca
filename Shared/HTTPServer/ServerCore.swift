import CMicroHTTPD
import Concurrency
import Foundation
import Synchronization

/// The running server: libmicrohttpd's daemon, the connections, and the thread that watches over both.
///
/// The daemon's threads hold one reference through their callbacks' `cls` from `start` until `MHD_stop_daemon` has returned. Only
/// the watching thread stops the daemon, because that blocks.
final class ServerCore: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var isStopping = false
        var isStopped = false
        var whenStopped: [CheckedContinuation<Void, Never>] = []
    }

    /// How often deadlines are looked at, in milliseconds.
    private static let tick = 100
    /// Every how many ticks the clients of waiting handlers are looked at.
    private static let ticksPerPoll = 5

    let configuration: HTTPServerConfiguration
    let handler: any HTTPHandler
    let bodyTimeout: Int64
    private let headTimeout: Int64
    private let idleTimeout: Int64
    private let state = Mutex(State())
    private let draining = Atomic(false)
    private let requests = Atomic(0)
    private let completed = Atomic(0)
    private let refusals = Atomic(0)
    private let stopSignal = DispatchSemaphore(value: 0)
    private let closed = Wakeup()

    init(_ configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        self.handler = handler
        headTimeout = configuration.headerTimeout.milliseconds
        bodyTimeout = configuration.bodyTimeout.milliseconds
        idleTimeout = configuration.idleTimeout.milliseconds
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    var statistics: HTTPServerStatistics {
        let completed = completed.load(ordering: .relaxed)
        let requests = requests.load(ordering: .relaxed)
        return HTTPServerStatistics(
            connections: state.withLock { $0.connections.count }, requestsInFlight: requests - completed,
            requests: requests, refusals: refusals.load(ordering: .relaxed))
    }

    func countRequest() { requests.add(1, ordering: .relaxed) }
    func countCompletion() { completed.add(1, ordering: .relaxed) }
    func countRefusal() { refusals.add(1, ordering: .relaxed) }

    /// A response that can be sent: the handler's, or what the handler says to the reason why it cannot.
    func outgoing(
        _ response: HTTPResponse, bodyIsSent: Bool = true,
        makeBuffer: () -> OutputBuffer = { OutputBuffer(onChange: {}) }
    ) -> OutgoingResponse {
        do throws(RequestError) {
            return try OutgoingResponse(response, bodyIsSent: bodyIsSent, makeBuffer: makeBuffer)
        } catch {
            do throws(RequestError) {
                return try OutgoingResponse(handler.response(to: error), bodyIsSent: false, makeBuffer: makeBuffer)
            } catch {
                return OutgoingResponse(status: 500)
            }
        }
    }

    // MARK: Life

    /// Starts the daemon on a listening socket, which the daemon closes when it stops.
    func start(listening socket: Int32) throws(HTTPServerError) {
        let reference = Unmanaged.passRetained(self)
        var settings = switchyard_MHD_settings(
            listen_fd: socket, threads: UInt32(max(1, configuration.threads)),
            connection_limit: UInt32(max(1, configuration.maxConnections)),
            per_address_limit: UInt32(max(0, configuration.maxConnectionsPerAddress)),
            idle_seconds: UInt32((idleTimeout + 999) / 1000),
            // Each open connection holds this much; it has room for the largest head, its table of fields and the response's head.
            connection_memory: configuration.maxHeaderBytes + 6144,
            accept: onAccept, handler: onAccess, completed: onCompleted, connection_notify: onConnection,
            uri_log: onTarget,
            cls: reference.toOpaque())
        guard let daemon = switchyard_MHD_start(&settings) else {
            reference.release()
            close(socket)
            throw .cannotStart(reason: String(cString: strerror(errno)))
        }
        // The pointer goes to the watching thread alone.
        nonisolated(unsafe) let owned = daemon
        let thread = Thread { [self] in
            watch(owned)
            reference.release()
        }
        thread.name = "http-watch"
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// Stops and answers in-flight requests as `HTTPServer.drain` promises.
    ///
    /// New connections are closed as they are accepted. `MHD_quiesce_daemon` would have them refused, but its removal of the
    /// listening socket races with that of the daemon's own threads, and whoever comes second aborts the process.
    func drain(deadline: Duration) async {
        guard !draining.exchange(true, ordering: .relaxed) else { return await stopped() }
        stopSignal.signal()
        let end = ContinuousClock.now + deadline
        while state.withLock({ !$0.connections.isEmpty }), .now < end {
            await closed.wait(upTo: min(end - .now, .milliseconds(200)))
        }
        stop()
        await stopped()
    }

    /// Has the watching thread stop everything at once.
    func stop() {
        state.withLock { $0.isStopping = true }
        stopSignal.signal()
    }

    private func stopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.whenStopped.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    // MARK: The watching thread

    private func watch(_ daemon: OpaquePointer) {
        var ticks = 0
        var hasEndedStreams = false
        while !state.withLock({ $0.isStopping }) {
            if isDraining, !hasEndedStreams {
                hasEndedStreams = true
                endStreams()
            }
            ticks += 1
            sweep(pollingClients: ticks % Self.ticksPerPoll == 0)
            _ = stopSignal.wait(timeout: .now() + .milliseconds(Self.tick))
        }
        draining.store(true, ordering: .relaxed)
        if !hasEndedStreams { endStreams() }
        for connection in connections() {
            connection.state.withLock { $0.exchange }?.cancel()
            connection.stop()
        }
        MHD_stop_daemon(daemon)
        let waiting = state.withLock { state in
            state.isStopped = true
            defer { state.whenStopped = [] }
            return state.whenStopped
        }
        for continuation in waiting { continuation.resume() }
    }

    private func endStreams() {
        for connection in connections() { connection.state.withLock { $0.exchange }?.endStream() }
    }

    private func connections() -> [Connection] { state.withLock { Array($0.connections.values) } }

    private func sweep(pollingClients: Bool) {
        let now = coarseNow()
        for connection in connections() { sweep(connection, now, pollingClients) }
    }

    private func sweep(_ connection: Connection, _ now: Int64, _ pollingClients: Bool) {
        let gone = connection.state.withLock { state -> Exchange? in
            guard state.isOpen else { return nil }
            if state.deadline <= now {
                expire(connection, now, &state)
            } else if isDraining, state.exchange == nil, state.duty == .sendHead {
                connection.cut(&state)
            } else if pollingClients, connection.hasHungUp {
                if state.isParked { return state.exchange }
                connection.nudge()
            }
            return nil
        }
        gone?.cancel()
    }

    private func expire(_ connection: Connection, _ now: Int64, _ state: inout Connection.State) {
        switch state.duty {
        case .none: break
        case .leave: connection.cut(&state)
        case .sendHead:
            // A connection that has served before and is idle again is just closed.
            guard state.isFresh || state.exchange != nil else { return connection.cut(&state) }
            countRefusal()
            let raw = outgoing(handler.response(to: .timeout)).raw(bodyIsSent: true) ?? []
            connection.answerAndLeave(raw, until: now + 1000, &state)
        case .sendBody:
            guard let raw = state.exchange?.timeOutBody() else { return connection.cut(&state) }
            connection.answerAndLeave(raw, until: now + 1000, &state)
        case .takeEarlyResponse:
            state.duty = .none
            state.deadline = .max
            guard let (isTaken, raw) = state.exchange?.takeEarlyAnswer(), isTaken else { return }
            guard let raw else { return connection.cut(&state) }
            connection.answerAndLeave(raw, until: now + 2000, &state)
        }
    }

    // MARK: Callbacks

    func opened(_ pointer: OpaquePointer) -> Connection {
        let connection = Connection(pointer, headDeadline: coarseNow() + headTimeout)
        let isStopping = state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = connection
            return state.isStopping
        }
        if isStopping { connection.stop() }
        return connection
    }

    func closed(_ connection: Connection) {
        connection.close()
        let isEmpty = state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = nil
            return state.connections.isEmpty
        }
        if isEmpty, isDraining { closed.signal() }
    }

    func began(_ connection: Connection, target: [UInt8]) -> Exchange {
        let exchange = Exchange(core: self, connection: connection, target: target)
        let deadline = coarseNow() + headTimeout
        connection.state.withLock { state in
            state.exchange = exchange
            if !state.isAnswered { state.deadline = min(state.deadline, deadline) }
        }
        return exchange
    }

    func completed(_ exchange: Exchange, on connection: Connection) {
        exchange.complete()
        let deadline = coarseNow() + idleTimeout + headTimeout
        connection.state.withLock { state in
            state.exchange = nil
            guard !state.isAnswered else { return }
            state.isFresh = false
            state.duty = .sendHead
            state.deadline = deadline
        }
    }
}
