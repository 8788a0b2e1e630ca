import Synchronization

/// An HTTP/1.1 server: libmicrohttpd's threads in front, an `HTTPHandler` in Swift tasks behind.
public final class HTTPServer: Sendable {
    private enum State {
        case idle
        case running(port: UInt16)
    }

    private let core: ServerCore
    private let state = Mutex(State.idle)

    /// Makes a server that does not listen yet.
    public init(_ configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        core = ServerCore(configuration, handler: handler)
    }

    deinit {
        core.stop()
    }

    /// Listens and serves; returns at once. It can be called once.
    public func start() throws(HTTPServerError) {
        try state.withLock { state throws(HTTPServerError) in
            guard case .idle = state else { throw .alreadyStarted }
            let (socket, port) = try listenSocket(host: core.configuration.host, port: core.configuration.port)
            try core.start(listening: socket)
            state = .running(port: port)
        }
    }

    /// The port on which the server listens, 0 before `start`.
    public var port: UInt16 {
        state.withLock { state in
            if case .running(let port) = state { return port }
            return 0
        }
    }

    /// What the server does right now.
    public var statistics: HTTPServerStatistics { core.statistics }

    /// Stops: takes no more connections, answers what is in flight, ends streams by cancelling their tasks, and cuts what is
    /// left when `deadline` has passed.
    ///
    /// Returns when no thread of the server runs any more; at once when it never started.
    public func drain(deadline: Duration) async {
        guard port != 0 else { return }
        await core.drain(deadline: deadline)
    }
}

/// Counters of an `HTTPServer`.
public struct HTTPServerStatistics: Sendable, Hashable {
    /// Connections that are open.
    public var connections = 0
    /// Requests whose head has arrived and whose response is not complete.
    public var requestsInFlight = 0
    /// Requests since the start.
    public var requests = 0
    /// Requests since the start that the server refused by itself.
    public var refusals = 0
}
