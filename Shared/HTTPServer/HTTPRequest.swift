/// What a request says before its body.
public struct RequestHead: Sendable {
    /// The method as the client sent it, in capitals for all standard ones.
    public let method: String
    /// The path as the client sent it: percent-encoded, without the query.
    public let path: String
    /// The percent-decoded parts of the path between slashes; empty parts are left out, so `/a//b/` has two.
    public let segments: [String]
    /// The percent-decoded query, in order; `+` is a space, a name without `=` has an empty value.
    public let query: [(name: String, value: String)]
    /// The header fields.
    public let headers: HTTPHeaders
    /// The client's numeric address without its port.
    public let remoteAddress: String

    /// Makes a head, mostly for tests of handlers; the server makes its own.
    public init(
        method: String, path: String, segments: [String], query: [(name: String, value: String)] = [],
        headers: HTTPHeaders = HTTPHeaders(), remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.segments = segments
        self.query = query
        self.headers = headers
        self.remoteAddress = remoteAddress
    }

    /// The first value of this query parameter, or nil when it is absent.
    public func query(_ name: String) -> String? {
        for pair in query where pair.name == name { return pair.value }
        return nil
    }
}

/// A request as a handler gets it.
public struct HTTPRequest: Sendable {
    /// What the request says before its body.
    public let head: RequestHead
    /// The body, collected or as a stream, as the handler's `BodyPolicy` wanted it.
    public let body: RequestBody

    /// Makes a request, mostly for tests of handlers; the server makes its own.
    public init(head: RequestHead, body: RequestBody = .none) {
        self.head = head
        self.body = body
    }

    /// The method as the client sent it.
    public var method: String { head.method }
    /// The path as the client sent it: percent-encoded, without the query.
    public var path: String { head.path }
    /// The percent-decoded parts of the path.
    public var segments: [String] { head.segments }
    /// The percent-decoded query, in order.
    public var query: [(name: String, value: String)] { head.query }
    /// The header fields.
    public var headers: HTTPHeaders { head.headers }
    /// The client's numeric address without its port.
    public var remoteAddress: String { head.remoteAddress }

    /// The first value of this query parameter, or nil when it is absent.
    public func query(_ name: String) -> String? { head.query(name) }
}

/// The body of a request.
public enum RequestBody: Sendable {
    /// The request has no body, or an empty one that was to be collected.
    case none
    /// The whole body.
    case bytes([UInt8])
    /// The body as it comes; it can be read once.
    case stream(BodyStream)
}

/// How the server shall take the body of a request.
public enum BodyPolicy: Sendable {
    /// Gather it in memory, at most this many bytes (and at most `HTTPServerConfiguration.maxCollectedBody`).
    case collect(limit: Int)
    /// Hand it over as it comes, at most this many bytes in all.
    case stream(limit: Int)
    /// Do not take it: answer with this at once and close. For what the head alone decides, such as a missing key.
    case reject(HTTPResponse)
}
