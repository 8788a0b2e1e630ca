/// An answer to a request.
///
/// The server adds `Date`, `Content-Length` or `Transfer-Encoding`, and `Connection`; do not set these.
public struct HTTPResponse: Sendable {
    /// The status code, 200 to 599.
    public var status: Int
    /// The header fields, sent in this order. A field with a line break or NUL in it is an internal error (500).
    public var headers: [(String, String)]
    /// The body. It is not sent for HEAD requests and for status 204 and 304.
    public var body: ResponseBody

    /// Makes a response.
    public init(status: Int, headers: [(String, String)] = [], body: ResponseBody = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response of plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(Array(text.utf8)))
    }
}

/// The body of a response.
public enum ResponseBody: Sendable {
    /// No bytes.
    case empty
    /// These bytes.
    case bytes([UInt8])
    /// This text in UTF-8.
    case string(String)
    /// A part of a regular file, from `offset`; nil as `length` means to its end. The kernel copies it (sendfile).
    ///
    /// A file that cannot be opened, or is shorter, is answered as `RequestError.fileUnavailable`.
    case file(path: String, offset: Int = 0, length: Int? = nil)
    /// What the closure writes, until it returns. A throw cuts the connection so that the client sees the damage, and so does less than
    /// the `length` that was announced, if one was; more is not sent.
    ///
    /// The closure's task is cancelled when the client goes away and when the server drains.
    case stream(length: Int? = nil, @Sendable (ResponseWriter) async throws -> Void)
}
