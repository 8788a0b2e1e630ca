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
    }

    private static let outermostLists = 8

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
    private var note: String?

    init(parts: WordParts, limit: Int) {
        self.parts = parts
        builder = DocumentBuilder(limit: limit)
    }

    mutating func read(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            case .start("Fallback"): fallbackDepth += 1
            case .end("Fallback"): fallbackDepth -= 1
            case _ where fallbackDepth > 0: break
            case .start(let name): start(name, xml)
            case .end(let name): try end(name)
            case .text(let text): if isInText { append(text) }
            }
        }
    }

    /// Notes come after the body, each with its mark.
    mutating func readNotes(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            case .start("footnote"), .start("endnote"):
                // Word keeps its separator lines among the notes; those have a type.
                note = xml["type"] == nil ? xml["id"] : nil
            case .start("p"):
                start("p", xml)
                if let note { appendMark(note, isDefinition: true) }
            case .end("p") where note == nil: paragraphs.removeAll()
            case .start(let name): start(name, xml)
            case .end(let name): try end(name)
            case .text(let text): if isInText { append(text) }
            }
        }
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
        case "footnoteReference", "endnoteReference": appendMark(xml["id"] ?? "")
        case "tbl": if table == nil { table = Table() } else { table?.depth += 1 }
        case "tr": if table?.depth == 1 { table?.rows.append([]) }
        case "tc": if table?.depth == 1 { addCell() }
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

    private mutating func appendMark(_ id: String, isDefinition: Bool = false) {
        let id = id.filter { $0.isASCII && ($0.isNumber || $0.isLetter) }
        var style = InlineStyle()
        style.isMarkup = true
        setParagraph { $0.content.append(isDefinition ? "[^\(id)]: " : "[^\(id)]", style) }
    }

    private mutating func addCell() {
        guard let last = table?.rows.indices.last else { return }
        table?.rows[last].append(InlineText())
    }

    private mutating func finish(_ paragraph: Paragraph) throws(ExtractionError) {
        if table != nil { return addToCell(paragraph.content) }
        if let level = parts.headingLevel(paragraph.style) { return try builder.heading(level, paragraph.content) }
        guard let list = paragraph.list ?? parts.numbering(paragraph.style), list != "0" else {
            return try builder.paragraph(paragraph.content)
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
        guard !content.isBlank, let row = table?.rows.indices.last, let cell = table?.rows[row].indices.last else {
            return
        }
        if let isBlank = table?.rows[row][cell].isBlank, !isBlank { table?.rows[row][cell].append("\n") }
        table?.rows[row][cell].append(content)
    }

    private mutating func endTable() throws(ExtractionError) {
        guard let finished = table else { return }
        if finished.depth > 1 {
            table?.depth -= 1
            return
        }
        table = nil
        try builder.table(finished.rows)
    }
}
