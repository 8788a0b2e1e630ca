/// What a document says.
///
/// Every offset counts Unicode scalars from the start of `text`, as `substring` in PostgreSQL and slices in Python do.
public struct Extracted: Sendable, Equatable {
    /// The plain text: blocks are separated by an empty line, table cells by a tab.
    public var text: String
    /// The same as CommonMark with tables, where the format has structure.
    public var markdown: String?
    /// What the document says about itself.
    public var metadata: DocumentMetadata
    /// The pages in order; empty for a format without pages.
    public var pages: [Page]
    /// The headings in order; empty where structure is unknown.
    public var headings: [Heading]
    /// The tables in order; empty where structure is unknown.
    public var tables: [Table]
    /// Where on their pages the parts of the text stand, in order; empty where the format does not say.
    public var places: [Place]
    /// The documents inside this one; nil for a format that holds none.
    public var contents: Contents?

    /// Makes a value, for tests and for text from elsewhere.
    public init(
        text: String, markdown: String? = nil, metadata: DocumentMetadata, pages: [Page] = [], headings: [Heading] = [],
        tables: [Table] = [], places: [Place] = []
    ) {
        self.text = text
        self.markdown = markdown
        self.metadata = metadata
        self.pages = pages
        self.headings = headings
        self.tables = tables
        self.places = places
    }

    /// The text of each page.
    var pageTexts: [Substring] { texts(of: pages.map { ($0.start, $0.end) }) }

    /// The text of each table: its rows are lines, its cells are separated by tabs.
    var tableTexts: [Substring] { texts(of: tables.map { ($0.start, $0.end) }) }

    /// The text between offsets, for ranges in order.
    private func texts(of ranges: [(start: Int, end: Int)]) -> [Substring] {
        let scalars = text.unicodeScalars
        var (index, offset) = (scalars.startIndex, 0)
        return ranges.map { range in
            let start = scalars.index(index, offsetBy: range.start - offset)
            (index, offset) = (scalars.index(start, offsetBy: range.end - range.start), range.end)
            return text[start..<index]
        }
    }

    /// The cells of each table by row.
    public var cells: [[[String]]] {
        tableTexts.map { table in
            table.split(separator: "\n", omittingEmptySubsequences: false).map { row in
                row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
        }
    }
}

/// Where a table stands in the text: its rows are lines, its cells are separated by tabs.
public struct Table: Sendable, Equatable {
    /// Offset of its first scalar in the text.
    public var start: Int
    /// Offset after its last scalar.
    public var end: Int

    /// Makes a table.
    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}

/// Where a part of the text stands on its page.
public struct Place: Sendable, Equatable {
    /// Offset of its first scalar in the text.
    public var start: Int
    /// Offset after its last scalar.
    public var end: Int
    /// Its place.
    public var box: Box

    /// Makes a place.
    public init(start: Int, end: Int, box: Box) {
        self.start = start
        self.end = end
        self.box = box
    }
}

/// One page of a paged document.
public struct Page: Sendable, Equatable {
    /// Counted from 1.
    public var number: Int
    /// Offset of its first scalar in the text.
    public var start: Int
    /// Offset after its last scalar.
    public var end: Int
    /// What went wrong on this page; its text may be missing or partial.
    public var error: String?
    /// Whether its words were read from a picture.
    public var isRecognized: Bool

    /// Makes a page.
    public init(number: Int, start: Int, end: Int, error: String? = nil, isRecognized: Bool = false) {
        self.number = number
        self.start = start
        self.end = end
        self.error = error
        self.isRecognized = isRecognized
    }
}

/// A heading and where its text starts.
public struct Heading: Sendable, Equatable {
    /// Of a title, in Unicode scalars.
    static let longest = 500

    /// 1 for the outermost, at most 6.
    public var level: Int
    /// Its text without markup, cut to `longest`: every chunk below it repeats it.
    public var title: String
    /// Offset of its first scalar in the text.
    public var start: Int

    /// Makes a heading.
    public init(level: Int, title: String, start: Int) {
        self.level = level
        self.title = title
        self.start = start
    }
}

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
    mutating func set(_ name: String, _ value: String) {
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
