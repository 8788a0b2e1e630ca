/// A part of a page, with its place.
struct PageBlock: Sendable, Codable {
    enum Content: Sendable, Codable {
        /// Lines of text that belong together; a newline stands where the page breaks a line for a reason.
        case text(String)
        /// An item of a list: its mark, and how far it is indented among the other items of the page.
        case item(mark: String, depth: Int, String)
        /// Rows of cells, which have neither tabs nor newlines.
        case table([[String]])
    }

    /// Stands at the ends of lines of a block that is set as by a typewriter: whether it is code, which keeps its lines, all pages
    /// together tell.
    static let lineEnd = "\u{2}"

    var content: Content
    var box: Box
    /// The height of its characters, in points.
    var size = 0.0
    /// Its size by the width of its words, which is larger for bold ones; 0 where nobody can tell.
    var widthSize = 0.0
    /// Whether it is set as by a typewriter: code, mostly.
    var isFixed = false
    /// How many lines it has on the page.
    var lines = 1

    /// Its words, without marks.
    var text: String {
        switch content {
        case .text(let text), .item(_, _, let text): text
        case .table(let rows): rows.map { $0.joined(separator: "\t") }.joined(separator: "\n")
        }
    }
}

/// A line of text, or the part of it that stands in one column.
struct Fragment {
    var text: String
    var box: Box
    /// The height of its characters, in points.
    var size: Double
    var words: Int
    /// The width of its first word, which might have stood at the end of the line before.
    var firstWord: Double
    var isRightToLeft: Bool
    let typeface: Typeface
    /// The mark of a list item before it, and how far left that stands.
    var mark: String?
    var markLeft = 0.0

    /// Nil for a line without words.
    init?(_ words: [PageWords.Word]) {
        guard let first = words.first else { return nil }
        (text, isRightToLeft) = LineText.of(words)
        box = words.dropFirst().reduce(first.box) { $0.union($1.box) }
        let heights = words.map(\.box.height).sorted()
        size = heights[heights.count / 2]
        self.words = words.count
        typeface = Typeface(words)
        firstWord = (isRightToLeft ? words.last ?? first : first).box.width
    }
}
