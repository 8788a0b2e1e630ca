/// The parts of a URL, cut out of its text.
extension PageURL {
    /// `http` or `https`.
    public var scheme: String { isSecure ? "https" : "http" }

    /// The host: a name in lower-case ASCII, an IPv4 address in dotted decimals, or an IPv6 address without brackets.
    public var host: String {
        let host = slice(parts.host, parts.hostEnd)
        return host.utf8.first == .opening ? String(host.dropFirst().dropLast()) : String(host)
    }

    /// Whether the host is an IPv4 or IPv6 address.
    public var isAddress: Bool {
        let host = slice(parts.host, parts.hostEnd).utf8
        guard let last = host.last, last.isDigit || last == .closing else { return false }
        // A name whose last label is a number would have been read as an address.
        return host.first == .opening || host.allSatisfy { $0.isDigit || $0 == .dot }
    }

    /// The path: `/` at least, percent-encoded.
    public var path: String { String(slice(parts.path, parts.pathEnd)) }

    /// The query without its `?`; nil when there is no `?`.
    public var query: String? {
        parts.pathEnd < end ? String(slice(parts.pathEnd + 1, end)) : nil
    }

    /// Path and query: what stands in a request line, and what the rules of a robots.txt are matched with.
    public var target: String { String(slice(parts.path, end)) }

    /// `scheme://host`, with `:port` where the port is not the scheme's own.
    public var origin: String { "\(scheme)://\(slice(parts.host, parts.path))" }

    /// Whether a user or a password stands before the host.
    public var hasCredentials: Bool { Int(parts.host) > prefixLength }

    var isSecure: Bool { text.utf8[text.utf8.index(text.startIndex, offsetBy: 4)] == UInt8(ascii: "s") }

    /// The bytes of `scheme://`.
    var prefixLength: Int { isSecure ? 8 : 7 }

    private var end: UInt16 { UInt16(text.utf8.count) }

    private func slice(_ start: UInt16, _ end: UInt16) -> Substring {
        let bytes = text.utf8
        let first = bytes.index(bytes.startIndex, offsetBy: Int(start))
        return text[first..<bytes.index(first, offsetBy: Int(end) - Int(start))]
    }
}
