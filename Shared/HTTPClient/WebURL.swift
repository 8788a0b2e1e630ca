import CCurl

/// An http or https URL, taken apart by the same parser that will follow it: no second opinion about which host is meant.
public struct WebURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL with its parts normalised, without a fragment.
    public let text: String
    /// `http` or `https`.
    public let scheme: String
    /// The host in lower case: a name, or an address without brackets.
    public let host: String
    /// The port, also when it is the scheme's own.
    public let port: UInt16
    /// The path, percent-encoded as it was given.
    public let path: String

    /// The longest URL that is taken, in bytes.
    public static let maxLength = 4096

    /// Reads a URL.
    ///
    /// - Throws: `.invalidRequest` for one of another scheme, with a user or password, or without a host.
    public init(_ text: String) throws(WebError) {
        try self.init(text, base: nil)
    }

    /// The URL that a reference, such as a `Location` header, leads to from here.
    public func resolving(_ reference: String) throws(WebError) -> WebURL {
        try WebURL(reference, base: self)
    }

    /// The address, when the host is one.
    public var address: IPAddress? { IPAddress(host) }

    /// Scheme, host and port: what may be shown of a URL whose path or query may hold a secret.
    public var origin: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (scheme == "https" ? 443 : 80) ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    /// The URL.
    public var description: String { text }

    /// Whether credentials for one may go to the other.
    func hasOrigin(of other: WebURL) -> Bool { scheme == other.scheme && host == other.host && port == other.port }

    private init(_ text: String, base: WebURL?) throws(WebError) {
        guard text.utf8.count <= Self.maxLength else {
            throw WebError(.invalidRequest, "the URL is longer than \(Self.maxLength) bytes")
        }
        guard let parser = curl_url() else { throw WebError(.invalidRequest, "out of memory") }
        defer { curl_url_cleanup(parser) }
        if let base { _ = curl_url_set(parser, CURLUPART_URL, base.text, 0) }
        let status = curl_url_set(parser, CURLUPART_URL, text, 0)
        guard status == CURLUE_OK else {
            throw WebError(.invalidRequest, String(cString: curl_url_strerror(status)))
        }
        curl_url_set(parser, CURLUPART_FRAGMENT, nil, 0)
        guard Self.part(parser, CURLUPART_USER) == nil, Self.part(parser, CURLUPART_PASSWORD) == nil else {
            throw WebError(.invalidRequest, "a URL with a user or password is not taken")
        }
        guard let scheme = Self.part(parser, CURLUPART_SCHEME), scheme == "http" || scheme == "https" else {
            throw WebError(.invalidRequest, "the URL must begin with http:// or https://")
        }
        guard var host = Self.part(parser, CURLUPART_HOST)?.lowercased(), !host.isEmpty,
            curl_url_set(parser, CURLUPART_HOST, host, 0) == CURLUE_OK,
            let port = Self.part(parser, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ UInt16($0) }), port > 0,
            let path = Self.part(parser, CURLUPART_PATH), let whole = Self.part(parser, CURLUPART_URL)
        else { throw WebError(.invalidRequest, "the URL has no host or no valid port") }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        (self.text, self.scheme, self.host, self.port, self.path) = (whole, scheme, host, port, path)
    }

    private static func part(_ parser: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
