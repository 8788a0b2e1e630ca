/// Builds plain text and Markdown side by side from blocks in reading order.
package struct DocumentBuilder {
    /// What stands before a list item.
    package enum Marker: Equatable {
        case bullet
        case number(Int)
    }

    private static let deepestList = 8

    private let limit: Int
    private var text = ""
    private var markdown = ""
    private var scalars = 0
    private var headings: [Heading] = []
    private var tables: [Table] = []
    private var pages: [Page] = []
    /// Whether the last page has text.
    private var pageHasText = false
    private var endsInItem = false
    /// Where the text of the last block stands.
    package private(set) var lastBlock = 0..<0

    /// `limit` is in bytes, for both texts together.
    package init(limit: Int) { self.limit = limit }

    /// What follows stands on a new page, which ends where the next one begins.
    package mutating func beginPage() {
        pages.append(Page(number: pages.count + 1, start: scalars, end: scalars))
        pageHasText = false
    }

    package mutating func heading(_ level: Int, _ content: InlineText) throws(ExtractionError) {
        let title = content.plain.replacingNewlines(with: " ")
        guard !title.isEmpty else { return }
        let level = min(max(level, 1), 6)
        let lines = content.markdown()
        let marked = lines.utf8.contains(0x0A) ? lines.replacing("\\\n", with: " ") : lines
        let start = try block(title, String(repeating: "#", count: level) + " " + marked)
        let cut = content.words.replacingNewlines(with: " ").cut(to: Heading.longest)
        headings.append(Heading(level: level, title: cut, start: start))
    }

    package mutating func paragraph(_ content: InlineText, quoteDepth: Int = 0) throws(ExtractionError) {
        guard !content.isBlank else { return }
        let marked = content.markdown().escapingLineStart()
        let quote = String(repeating: "> ", count: min(quoteDepth, Self.deepestList))
        try block(content.plain, quote + (quoteDepth > 0 ? marked.replacingNewlines(with: "\n" + quote) : marked))
    }

    package mutating func listItem(_ content: InlineText, depth: Int, marker: Marker) throws(ExtractionError) {
        guard !content.isBlank else { return }
        let indent = String(repeating: " ", count: 4 * min(max(depth, 0), Self.deepestList))
        let sign =
            switch marker {
            case .bullet: "- "
            case .number(let number): "\(number). "
            }
        let marked = content.markdown().replacingNewlines(with: "\n\(indent)  ")
        try block(indent + sign + content.plain, indent + sign + marked, isItem: true)
    }

    /// A footnote or endnote; what refers to it has `[^label]`.
    package mutating func note(_ label: String, _ content: InlineText) throws(ExtractionError) {
        guard !content.isBlank else { return }
        let definition = content.marked("[^\(label)]: ")
        try block(definition.plain, definition.markdown())
    }

    package mutating func code(_ code: String) throws(ExtractionError) {
        let lines = code.trimmingNewlines()
        guard !lines.isEmpty else { return }
        let fence = lines.utf8.contains(UInt8(ascii: "`")) && lines.contains("```") ? "~~~~" : "```"
        try block(lines, "\(fence)\n\(lines)\n\(fence)")
    }

    package mutating func table(_ rows: [[InlineText]]) throws(ExtractionError) {
        let rows = rows.filter { !$0.allSatisfy(\.isBlank) }
        let width = rows.map(\.count).max() ?? 0
        guard width > 0 else { return }
        guard width * rows.count - rows.reduce(0, { $0 + $1.count }) <= SparseTable.mostBlanks else {
            throw ExtractionError(.tooLarge, "a table has rows of very different lengths: split it")
        }
        // The text is what tells the cells again: no cell has a tab or a newline, and every row has as many.
        let plain = rows.map { row in
            row.map { cell in
                let line = cell.plain.replacingNewlines(with: " ")
                return line.utf8.contains(0x09) ? line.replacing("\t", with: " ") : line
            }.joined(separator: "\t")
                + String(repeating: "\t", count: width - row.count)
        }
        var marked = rows.map { row in
            let cells = row.map { $0.markdown(inTable: true) } + Array(repeating: "", count: width - row.count)
            return "| " + cells.joined(separator: " | ") + " |"
        }
        marked.insert("|" + String(repeating: " --- |", count: width), at: 1)
        let start = try block(plain.joined(separator: "\n"), marked.joined(separator: "\n"))
        tables.append(Table(start: start, end: scalars))
    }

    package mutating func rule() throws(ExtractionError) {
        try block("", "---")
    }

    /// Adds a block and returns where its text starts.
    @discardableResult
    private mutating func block(
        _ plain: String, _ marked: String, isItem: Bool = false
    ) throws(ExtractionError) -> Int {
        let separator = isItem && endsInItem ? "\n" : "\n\n"
        endsInItem = isItem
        if !plain.isEmpty {
            if !text.isEmpty { append(separator) }
            if let last = pages.indices.last {
                if !pageHasText { pages[last].start = scalars }
                pageHasText = true
            }
            append(plain.droppingControls())
            if let last = pages.indices.last { pages[last].end = scalars }
        }
        if !markdown.isEmpty { markdown += separator }
        markdown += marked.droppingControls()
        guard text.utf8.count + markdown.utf8.count <= limit else {
            throw .tooLarge("the text is", limit: limit)
        }
        lastBlock = scalars - plain.droppingControls().utf8.scalarCount..<scalars
        return lastBlock.lowerBound
    }

    private mutating func append(_ piece: String) {
        text += piece
        scalars += piece.utf8.scalarCount
    }

    /// The finished document; `markdown` replaces the built one where the source is Markdown itself.
    package consuming func finish(_ metadata: DocumentMetadata, markdown source: String? = nil) -> ParsedDocument {
        var metadata = metadata
        if metadata.title == nil, let first = headings.first { metadata.set("title", first.title) }
        if !pages.isEmpty { metadata.pages = pages.count }
        return ParsedDocument(
            text: text, markdown: source ?? (markdown + "\n"), metadata: metadata, headings: headings, pages: pages,
            tables: tables)
    }
}

extension String {
    /// Escapes what would make a paragraph a heading, a list or a quotation.
    fileprivate func escapingLineStart() -> String {
        guard let first = utf8.first else { return self }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: ">"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "="),
            UInt8(ascii: "~"):
            return "\\" + self
        case 0x30...0x39:
            let digits = utf8.prefix { (0x30...0x39).contains($0) }
            guard let sign = utf8.dropFirst(digits.count).first, sign == UInt8(ascii: ".") || sign == UInt8(ascii: ")")
            else { return self }
            return String(self[..<digits.endIndex]) + "\\" + String(self[digits.endIndex...])
        default: return self
        }
    }

    /// Without newlines around it.
    fileprivate func trimmingNewlines() -> String {
        let isNewline = { (scalar: Unicode.Scalar) in scalar == "\n" || scalar == "\r" }
        guard let first = unicodeScalars.firstIndex(where: { !isNewline($0) }),
            let last = unicodeScalars.lastIndex(where: { !isNewline($0) })
        else { return "" }
        return String(unicodeScalars[first...last])
    }
}
