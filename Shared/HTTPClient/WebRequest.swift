import CCurl
import Foundation

/// A request and what it may cost.
public struct WebRequest: Sendable {
    /// The method, in capitals.
    public var method: String
    /// Where it goes.
    public var url: WebURL
    /// The header fields, sent in this order.
    public var headers: [(name: String, value: String)]
    /// The body; nil for none, which differs from an empty one.
    public var body: [UInt8]?
    /// What it may cost.
    public var limits: WebLimits
    /// Takes the body of a 2xx answer piece by piece as it comes, instead of the answer's reader, who only waits for its end; false
    /// breaks the transfer off. The bodies of other answers are not read.
    ///
    /// It is called on the client's thread, which serves all transfers: a file can be written there, nothing can be waited for. Nothing
    /// of the body is kept in memory, also where a few compressed bytes become many.
    public var sink: (@Sendable (UnsafeRawBufferPointer) -> Bool)?

    /// Makes a request.
    public init(
        _ method: String = "GET", _ url: WebURL, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        limits: WebLimits = WebLimits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
    }

    /// Why the request cannot be sent; nil when it can.
    var fault: WebError? {
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            return WebError(.invalidRequest, "the method must be capital letters")
        }
        let isToken = { (byte: UInt8) in
            (0x21...0x7E).contains(byte) && !Array("\"(),/:;<=>?@[\\]{}".utf8).contains(byte)
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
                return WebError(.invalidRequest, "a header's name is not one")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return WebError(.invalidRequest, "the header \(name) has a control character")
            }
        }
        return nil
    }
}

/// What a request may cost.
public struct WebLimits: Sendable, Hashable {
    /// How long resolving, connecting and TLS may take.
    public var connect: Duration
    /// How long the whole may take, from the call on: waiting for a place, every redirect, and the body.
    public var total: Duration
    /// How long nothing may come, in whole seconds.
    public var stall: Duration
    /// The largest body in bytes, after decompression.
    public var body: Int
    /// How many redirects are followed. Each hop is held to the same rules as the first.
    public var redirects: Int
    /// Whether the server may compress the answer.
    public var acceptsCompression: Bool

    /// Makes limits; the defaults suit a small call to an API.
    public init(
        connect: Duration = .seconds(10), total: Duration = .seconds(30), stall: Duration = .seconds(15),
        body: Int = 1 << 20, redirects: Int = 0, acceptsCompression: Bool = false
    ) {
        self.connect = connect
        self.total = total
        self.stall = stall
        self.body = body
        self.redirects = redirects
        self.acceptsCompression = acceptsCompression
    }
}

/// What an answer says before its body.
public struct WebHead: Sendable {
    /// The status code.
    public let status: Int
    /// The header fields in their order, names as the server wrote them.
    public let headers: [(name: String, value: String)]
    /// The line before them as the server, or for HTTP/2 the client's library, wrote it: `HTTP/1.1 200 OK`.
    public let statusLine: String
    /// The numeric address of the server that answered.
    public let address: String?

    /// Makes a head.
    public init(
        status: Int, headers: [(name: String, value: String)], statusLine: String? = nil, address: String? = nil
    ) {
        self.status = status
        self.headers = headers
        self.statusLine = statusLine ?? "HTTP/1.1 \(status)"
        self.address = address
    }

    /// The first value under this name, without regard to case.
    public subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// All values under this name, in their order, as one list (RFC 9110, 5.3); nil when there is none.
    public func list(_ name: String) -> String? {
        let values = headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// How long the server asks to wait, by seconds or by a date (RFC 9110, 10.2.3); nil when it does not.
    public var retryAfter: Duration? {
        guard let text = self["Retry-After"] else { return nil }
        if let seconds = Int(text) { return .seconds(max(0, seconds)) }
        let date = curl_getdate(text, nil)
        return date < 0 ? nil : .seconds(max(0, date - time(nil)))
    }

    /// Where a redirect leads; nil for other answers.
    var location: String? { [301, 302, 303, 307, 308].contains(status) ? self["Location"] : nil }
}

/// A whole answer.
public struct WebResponse: Sendable {
    /// Status and headers.
    public let head: WebHead
    /// The body.
    public let body: [UInt8]
    /// The URL that answered, after redirects.
    public let url: WebURL

    /// The status code.
    public var status: Int { head.status }
}
