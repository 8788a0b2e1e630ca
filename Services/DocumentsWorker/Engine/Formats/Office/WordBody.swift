import Markup

/// Reads WordprocessingML (ECMA-376 part 1, 17) and builds the document.
struct WordBody {
    private struct Paragraph {
        var content = InlineText()
        var style: String?
        var list: String?
        var level = 0
    }

    private struct Table {
        var rows: [[InlineText]] = []
        /// Tables inside a cell are flattened into it.
        var depth = 1
        /// How many blank cells stand behind the one that is read.
        var spanned = 0
    }

    private static let outermostLists = 8
    /// As many as Word allows.
    private static let mostColumns = 63

    private(set) var builder: DocumentBuilder
    private let parts: WordParts
    /// Text boxes put paragraphs inside paragraphs.
    private var paragraphs: [Paragraph] = []
    private var run = InlineStyle()
    private var link: String?
    private var table: Table?
    private var counters: [String: [Int]] = [:]
    private var isInText = false
    /// Inside the older twin of a drawing, which says the same again.
    private var fallbackDepth = 0
    /// The number of the note that is read; each gets the next one where it is first named.
    private var note: Int?
    private var noteNumbers: [String: Int] = [:]
    private var codeLines: [String] = []

    init(parts: WordParts, limit: Int) {
        self.parts = parts
        builder = DocumentBuilder(limit: limit)
    }

    mutating func read(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            // What was moved stands where it is now, too.
            case .start("moveFrom"): try xml.skip()
            case .start("Fallback"): fallbackDepth += 1
            case .end("Fallback"): fallbackDepth -= 1
            case _ where fallbackDepth > 0: break
            case .start(let name): start(name, xml)
            case .end(let name): try end(name)
            case .text(let text): if isInText { append(text) }
            }
        }
        try flushCode()
    }

    /// Notes come after the body, each with its mark.
    mutating func readNotes(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            case .start("footnote"), .start("endnote"):
                // Word keeps its separator lines among the notes; those have a type.
                if xml["type"] != nil { try xml.skip() } else { note = noteNumber(of: event, xml) }
            case .end("footnote"), .end("endnote"): note = nil
            case .start(let name): start(name, xml)
            case .end(let name): try end(name)
            case .text(let text): if isInText { append(text) }
            }
        }
        try flushCode()
    }

    private mutating func noteNumber(of event: XMLStream.Event, _ xml: XMLStream) -> Int {
        guard case .start(let name) = event else { return 0 }
        // Footnotes and endnotes are counted apart in the file.
        let key = String(name.prefix(4)) + (xml["id"] ?? "")
        let number = noteNumbers[key] ?? noteNumbers.count + 1
        noteNumbers[key] = number
        return number
    }

    private mutating func start(_ name: String, _ xml: XMLStream) {
        switch name {
        case "p": paragraphs.append(Paragraph())
        case "pStyle": setParagraph { $0.style = xml["val"] }
        case "numId": setParagraph { $0.list = xml["val"] }
        case "ilvl": setParagraph { $0.level = xml["val"].flatMap { Int($0) } ?? 0 }
        case "r": run = InlineStyle()
        case "b": run.isStrong = isOn(xml)
        case "i": run.isEmphasis = isOn(xml)
        case "strike": run.isStruck = isOn(xml)
        case "t": isInText = true
        case "tab": append("\t")
        case "br", "cr": append("\n")
        case "noBreakHyphen": append("-")
        case "hyperlink": link = xml["id"].flatMap { parts.links[$0] }
        case "footnoteReference", "endnoteReference":
            let mark = InlineText().marked("[^\(noteNumber(of: .start(name), xml))]")
            setParagraph { $0.content.append(mark) }
        case "rStyle": run.isCode = parts.role(xml["val"]) == .code
        case "tbl": if table == nil { table = Table() } else { table?.depth += 1 }
        case "tr": if table?.depth == 1 { table?.rows.append([]) }
        case "tc": if table?.depth == 1 { addCell() }
        case "gridBefore", "gridSpan":
            // The cell stands for several columns: the others are blank.
            guard table?.depth == 1, let count = xml["val"].flatMap({ Int($0) }) else { return }
            for _ in 0..<min(max(name == "gridSpan" ? count - 1 : count, 0), Self.mostColumns) {
                addCell(isSpanned: true)
            }
        default: break
        }
    }

    private mutating func end(_ name: String) throws(ExtractionError) {
        switch name {
        case "t": isInText = false
        case "r": run = InlineStyle()
        case "hyperlink": link = nil
        case "p": if let paragraph = paragraphs.popLast() { try finish(paragraph) }
        case "tbl": try endTable()
        default: break
        }
    }

    private mutating func setParagraph(_ change: (inout Paragraph) -> Void) {
        guard let last = paragraphs.indices.last else { return }
        change(&paragraphs[last])
    }

    private func isOn(_ xml: XMLStream) -> Bool { !["0", "false", "off"].contains(xml["val"] ?? "1") }

    private mutating func append(_ text: String) {
        var style = run
        style.link = link
        setParagraph { $0.content.append(text, style) }
    }

    private mutating func addCell(isSpanned: Bool = false) {
        guard let last = table?.rows.indices.last else { return }
        table?.rows[last].append(InlineText())
        // Text goes into the first of them.
        if isSpanned { table?.spanned += 1 } else { table?.spanned = 0 }
    }

    private mutating func finish(_ paragraph: Paragraph) throws(ExtractionError) {
        if table != nil { return addToCell(paragraph.content) }
        if let number = note {
            // A note of several paragraphs has one mark.
            note = nil
            return try builder.note("\(number)", paragraph.content)
        }
        let role = parts.role(paragraph.style)
        // An empty line of code is a line too.
        if role == .code { return codeLines.append(paragraph.content.plainLine) }
        try flushCode()
        if let level = parts.headingLevel(paragraph.style) { return try builder.heading(level, paragraph.content) }
        guard let list = paragraph.list ?? parts.numbering(paragraph.style), list != "0" else {
            return try builder.paragraph(paragraph.content, quoteDepth: role == .quotation ? 1 : 0)
        }
        let level = min(max(paragraph.level, 0), Self.outermostLists)
        guard parts.isNumbered(list: list, level: level) else {
            return try builder.listItem(paragraph.content, depth: level, marker: .bullet)
        }
        var counts = counters[list] ?? []
        counts = counts.prefix(level + 1) + Array(repeating: 0, count: max(0, level + 1 - counts.count))
        counts[level] += 1
        counters[list] = counts
        try builder.listItem(paragraph.content, depth: level, marker: .number(counts[level]))
    }

    private mutating func addToCell(_ content: InlineText) {
        guard !content.isBlank, let row = table?.rows.indices.last, let last = table?.rows[row].indices.last else {
            return
        }
        let cell = max(0, last - (table?.spanned ?? 0))
        if let isBlank = table?.rows[row][cell].isBlank, !isBlank { table?.rows[row][cell].append("\n") }
        table?.rows[row][cell].append(content)
    }

    private mutating func flushCode() throws(ExtractionError) {
        guard !codeLines.isEmpty else { return }
        let code = codeLines.joined(separator: "\n")
        codeLines = []
        try builder.code(code)
    }

    private mutating func endTable() throws(ExtractionError) {
        guard let finished = table else { return }
        if finished.depth > 1 {
            table?.depth -= 1
            return
        }
        table = nil
        try flushCode()
        try builder.table(finished.rows)
    }
}
