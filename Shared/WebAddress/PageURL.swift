/// An http or https URL in the serialised form of the URL Standard, without its fragment.
///
/// Two spellings that a browser takes for the same URL are equal. What only a crawler takes for the same page is told by
/// ``canonical(withoutTracking:)``.
///
/// Source: WHATWG URL Standard, sections 3 and 4, for the schemes http and https. IDNA is libidn2's.
public struct PageURL: Sendable, Hashable, CustomStringConvertible {
    /// The serialised URL, without fragment, with user and password if it has them.
    public let text: String
    /// The port that is connected to, also when it is the scheme's own.
    public let port: UInt16
    let parts: URLParts

    /// The longest URL that is read or made, in bytes.
    public static let maxLength = 4096

    /// Reads an absolute URL, as a browser's address bar would, but with its scheme.
    public init(_ text: String) throws(URLFault) {
        try self.init(text, base: nil, encodingQuery: nil)
    }

    /// The URL that a reference on this page leads to: an absolute or relative one, `//host`, `?query`, `#fragment` or none.
    ///
    /// - Parameter encodingQuery: writes a query that is not all ASCII in the charset of the document, which only queries are
    ///   written in. For a character that the charset lacks it gives `%26%23`, the code point in decimal and `%3B`. UTF-8 if nil.
    public func resolving(
        _ reference: String, encodingQuery: ((String) -> [UInt8])? = nil
    ) throws(URLFault) -> PageURL {
        try PageURL(reference, base: self, encodingQuery: encodingQuery)
    }

    private init(_ text: String, base: PageURL?, encodingQuery: ((String) -> [UInt8])?) throws(URLFault) {
        if let url = PageURL(serialised: text) {
            self = url
        } else {
            var parser = try URLParser(text, base: base, encodingQuery: encodingQuery)
            self = try parser.parse()
        }
    }

    init(text: String, parts: URLParts, port: UInt16) {
        self.text = text
        self.parts = parts
        self.port = port
    }

    /// The URL.
    public var description: String { text }

    /// Whether the texts are the same; all else follows from them.
    public static func == (left: PageURL, right: PageURL) -> Bool { left.text == right.text }

    /// Hashes the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// Where the parts of a serialised URL stand, as offsets of bytes. The path ends where the query's `?` stands, or at the end.
struct URLParts: Sendable {
    var host = 0 as UInt16
    var hostEnd = 0 as UInt16
    var path = 0 as UInt16
    var pathEnd = 0 as UInt16
}
