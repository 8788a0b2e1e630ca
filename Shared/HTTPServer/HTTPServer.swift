import Synchronization

/// An HTTP/1.1 server: libmicrohttpd's threads in front, an `HTTPHandler` in Swift tasks behind.
public final class HTTPServer: Sendable {
    let configuration: HTTPServerConfiguration
    let handler: any HTTPHandler

    /// Makes a server that does not listen yet.
    public init(_ configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Listens and serves; returns at once.
    public func start() throws(HTTPServerError) {
        throw .cannotStart(reason: "not built yet")
    }

    /// The port on which the server listens, 0 before `start`.
    public var port: UInt16 { 0 }

    /// What the server does right now.
    public var statistics: HTTPServerStatistics { HTTPServerStatistics() }

    /// Stops: takes no more connections, answers what is in flight, ends streams by cancelling their tasks, and cuts what is
    /// left when `deadline` has passed.
    ///
    /// Returns when no thread of the server runs any more. A second call returns at once.
    public func drain(deadline: Duration) async {}
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
