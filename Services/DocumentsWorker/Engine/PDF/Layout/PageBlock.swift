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

    /// How high a raised number is at most, and how far above the line it stands at least, in heights of the line's characters.
    private static let raised = 0.75
    private static let leastRise = 0.2

    /// Nil for a line without words.
    init?(_ words: [PageWords.Word]) {
        guard let box = Box(around: words.lazy.map(\.box)), let size = words.map(\.box.height).median else {
            return nil
        }
        (self.box, self.size) = (box, size)
        let (words, note) = Self.notes(in: words, size)
        (text, isRightToLeft) = LineText.of(words)
        self.words = words.count
        typeface = Typeface(words)
        firstWord = (isRightToLeft ? words.last : words.first)?.box.width ?? 0
        if let note { (mark, markLeft) = (note.text, note.box.left) }
    }

    /// The words with a sign before those that are raised numbers; one before all others begins a note, and is not among them.
    private static func notes(
        in words: [PageWords.Word], _ size: Double
    ) -> (words: [PageWords.Word], note: PageWords.Word?) {
        guard words.count > 1, words.contains(where: { ListMark.isNote($0.text) }),
            let base = words.map(\.box.bottom).median
        else { return (words, nil) }
        var words = words
        for index in words.indices where ListMark.isNote(words[index].text) {
            let box = words[index].box
            guard box.height < raised * size, box.bottom < base - leastRise * size else { continue }
            words[index].text.unicodeScalars.insert(PDFNotes.mark, at: words[index].text.startIndex)
        }
        guard words[0].text.unicodeScalars.first == PDFNotes.mark else { return (words, nil) }
        var note = words.removeFirst()
        note.text.unicodeScalars.removeFirst()
        return (words, note)
    }
}
