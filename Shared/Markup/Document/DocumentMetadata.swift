/// What a document says about itself; what it does not say is nil.
public struct DocumentMetadata: Sendable, Equatable, Codable {
    /// The media type that the content shows, such as `application/pdf`.
    public var mediaType: String
    /// The title.
    public var title: String?
    /// The author or authors, as written.
    public var author: String?
    /// The subject or description.
    public var subject: String?
    /// A language tag.
    public var language: String?
    /// When it was made, in RFC 3339.
    public var created: String?
    /// When it was last changed, in RFC 3339.
    public var modified: String?
    /// The number of pages of a paged document.
    public var pages: Int?
    /// The character encoding of a text format, by its IANA name.
    public var encoding: String?
    /// The program that made the file.
    public var producer: String?

    /// Makes metadata that knows the media type only.
    public init(mediaType: String) { self.mediaType = mediaType }

    /// Sets a field by the name that the child process uses; empty values, times that are none and unknown names change nothing.
    package mutating func set(_ name: String, _ value: String) {
        let value = value.collapsingWhitespace()
        guard !value.isEmpty, let path = Self.fields[name] else { return }
        let isTime = name == "created" || name == "modified"
        if let value = isTime ? Timestamp.rfc3339(value) : value { self[keyPath: path] = value }
    }

    private nonisolated(unsafe) static let fields: [String: WritableKeyPath<DocumentMetadata, String?>] = [
        // A constant that nobody writes; key paths are not marked Sendable.
        "title": \.title, "author": \.author, "subject": \.subject, "language": \.language, "created": \.created,
        "modified": \.modified, "encoding": \.encoding, "producer": \.producer,
    ]
}
