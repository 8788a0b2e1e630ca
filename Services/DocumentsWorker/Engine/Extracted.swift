import Markup

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
