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
    package static let longest = 500

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
