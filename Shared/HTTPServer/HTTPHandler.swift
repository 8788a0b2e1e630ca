/// What answers the requests of an `HTTPServer`.
public protocol HTTPHandler: Sendable {
    /// How the body of the request with this head shall be taken.
    ///
    /// Called on the server's thread for requests that announce a body, before any of it is read: it must be quick.
    func bodyPolicy(for head: RequestHead) -> BodyPolicy

    /// Answers a request.
    ///
    /// The task is cancelled when the client goes away and, when the server drains, at the deadline.
    func respond(to request: HTTPRequest) async -> HTTPResponse

    /// The answer to a request that the server itself refuses, in the application's own format.
    ///
    /// Called on any thread: it must be quick. The body must be `.empty`, `.bytes` or `.string`.
    func response(to error: RequestError) -> HTTPResponse
}

extension HTTPHandler {
    /// Collects every body, up to the server's own limit.
    public func bodyPolicy(for head: RequestHead) -> BodyPolicy { .collect(limit: .max) }

    /// A line of plain text.
    public func response(to error: RequestError) -> HTTPResponse {
        .text(error.description + "\n", status: error.status)
    }
}

/// Why the server refuses a request before, or without, its handler.
public enum RequestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The request breaks HTTP's rules, or cannot be read safely.
    case badRequest(reason: String)
    /// The body has, or says it has, more bytes than the limit.
    case bodyTooLarge(limit: Int)
    /// The request line and headers have more bytes than the limit.
    case headersTooLarge(limit: Int)
    /// The client did not send its request in time.
    case timeout
    /// The server is about to stop.
    case draining
    /// The server does not know how to do this, whatever the path (`CONNECT`).
    case methodNotAllowed(method: String)
    /// The file of the handler's response cannot be sent.
    case fileUnavailable(path: String, reason: String)
    /// The handler's response cannot be sent.
    case invalidResponse(reason: String)

    /// The status code that suits the error.
    public var status: Int {
        switch self {
        case .badRequest: 400
        case .bodyTooLarge: 413
        case .headersTooLarge: 431
        case .timeout: 408
        case .draining: 503
        case .methodNotAllowed: 405
        case .fileUnavailable, .invalidResponse: 500
        }
    }

    /// A sentence for people. It names nothing that a client should not know.
    public var description: String {
        switch self {
        case .badRequest(let reason): reason
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .headersTooLarge(let limit): "the request line and headers are larger than \(limit) bytes"
        case .timeout: "the request did not arrive in time"
        case .draining: "the server is about to stop"
        case .methodNotAllowed(let method): "the method \(method) is not supported"
        case .fileUnavailable, .invalidResponse: "the server could not send its answer"
        }
    }
}
