/// A part of a text, of a size that a model takes at once.
public struct TextChunk: Sendable, Equatable {
    /// Exactly the source's text in `range`.
    public let text: String
    /// Its bytes in the source's UTF-8.
    public let range: Range<Int>
    /// The same in Unicode scalars, as `substring` of PostgreSQL and the offsets of documents count.
    public let scalars: Range<Int>
    /// How many tokens it has.
    public let tokens: Int
    /// The headings above its end, the outermost first. Where it begins with a few words of an earlier section, it is the last section
    /// that it is about.
    public let headings: [String]
    /// The page that it is on, from 1; nil without pages, and before the first.
    public let page: Int?
}

/// How a text marks its structure.
public enum TextSyntax: Sendable {
    /// Headings, lists, tables with leading bars and fenced code are known by their marks.
    case markdown
    /// There are only paragraphs.
    case plain
}
