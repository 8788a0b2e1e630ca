import Markup

/// Reads the content of an OpenDocument and builds the document.
struct OpenDocumentBody {
    private struct Paragraph {
        var content = InlineText()
        var style: String?
        /// Nil for a paragraph that is no heading.
        var level: Int?
    }

    private struct List {
        var style: String
        var next = 1
    }

    private struct Table {
        var cells: SparseTable
        var cell = InlineText()
        var columnsRepeated = 1
        var rowsRepeated = 1
        /// Tables inside a cell are flattened into it.
        var depth = 1
    }

    /// What is not the document's text: changes that were deleted, comments, pronunciation, forms, what describes a picture.
    private static let skipped: Set<String> = [
        "annotation", "tracked-changes", "ruby-text", "forms", "note-citation", "binary-data",
        "page-thumbnail", "sequence-decls", "variable-decls", "user-field-decls", "header", "footer",
    ]
    /// Boxes of a slide that say the same on every slide.
    private static let repeated: Set<String> = ["date-time", "footer", "page-number", "header", "handout"]
    private static let outermostLists = 8
    /// As in a spreadsheet.
    private static let mostColumns = 16_384

    private(set) var builder: DocumentBuilder
    private var styles: OpenDocumentStyles
    private let limit: Int
    private var isInBody = false
    private var isSpreadsheet = false
    /// Notes and text boxes put paragraphs inside paragraphs.
    private var paragraphs: [Paragraph] = []
    private var spans: [InlineStyle] = []
    private var lists: [List] = []
    private var itemIsFresh = false
    /// With which number a list of each style would go on.
    private var numbers: [String: Int] = [:]
    private var table: Table?
    private var codeLines: [String] = []
    /// The kind of the box of a slide.
    private var box: String?
    private var isSpeakersNote = false
    private var notes: [InlineText] = []
    private var isInNote = false

    init(styles: OpenDocumentStyles, limit: Int) {
        self.styles = styles
        self.limit = limit
        builder = DocumentBuilder(limit: limit)
    }

    mutating func read(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            case .start("body"): isInBody = true
            case _ where !isInBody: styles.take(event, xml)
            case .start(let name) where Self.skipped.contains(name) || xml.isDescription: try xml.skip()
            case .start("frame") where Self.repeated.contains(xml["class"] ?? ""): try xml.skip()
            case .start(let name): try start(name, xml)
            case .end(let name): try end(name)
            case .text(let text): append(collapsing: text)
            }
        }
        try flushCode()
        for (index, note) in notes.enumerated() {
            try builder.note("\(index + 1)", note)
        }
    }

    private mutating func start(_ name: String, _ xml: XMLStream) throws(ExtractionError) {
        switch name {
        case "spreadsheet": isSpreadsheet = true
        case "page":
            try flushCode()
            builder.beginPage()
        case "notes": isSpeakersNote = true
        case "frame": box = xml["class"]
        case "h":
            paragraphs.append(
                Paragraph(style: xml["style-name"], level: xml["outline-level"].flatMap { Int($0) } ?? 1))
        case "p": paragraphs.append(Paragraph(style: xml["style-name"]))
        case "span": spans.append(styles.look(xml["style-name"]).merged(into: spans.last))
        case "a":
            var style = spans.last ?? InlineStyle()
            style.link = xml["href"].flatMap(HTMLHead.safeLink)
            spans.append(style)
        case "s": append(String(repeating: " ", count: min(max(xml["c"].flatMap { Int($0) } ?? 1, 0), 1000)))
        case "tab": append("\t")
        case "line-break": append("\n")
        case "note":
            notes.append(InlineText())
            let mark = InlineText().marked("[^\(notes.count)]")
            setParagraph { $0.content.append(mark) }
            isInNote = true
        case "list":
            var list = List(style: xml["style-name"] ?? lists.last?.style ?? "")
            if xml["continue-numbering"] == "true" { list.next = numbers[list.style] ?? 1 }
            lists.append(list)
        case "list-item":
            itemIsFresh = true
            if let first = xml["start-value"].flatMap({ Int($0) }), let last = lists.indices.last {
                lists[last].next = first
            }
        case "table": try startTable(xml)
        case "table-row":
            guard table?.depth == 1 else { return }
            table?.cells.beginRow()
            table?.rowsRepeated = xml["number-rows-repeated"].flatMap { Int($0) } ?? 1
        case "table-cell", "covered-table-cell":
            guard table?.depth == 1 else { return }
            table?.cell = InlineText()
            table?.columnsRepeated = xml["number-columns-repeated"].flatMap { Int($0) } ?? 1
        default: break
        }
    }

    private mutating func end(_ name: String) throws(ExtractionError) {
        switch name {
        case "notes": isSpeakersNote = false
        case "frame": box = nil
        case "h", "p": if let paragraph = paragraphs.popLast() { try finish(paragraph) }
        case "span", "a": _ = spans.popLast()
        case "note": isInNote = false
        case "list": if let list = lists.popLast() { numbers[list.style] = list.next }
        case "list-item": itemIsFresh = false
        case "table-cell", "covered-table-cell":
            guard let ended = table, ended.depth == 1 else { return }
            try table?.cells.append(ended.cell, count: min(max(ended.columnsRepeated, 1), Self.mostColumns))
        case "table-row":
            guard let ended = table, ended.depth == 1 else { return }
            try table?.cells.repeatRow(count: ended.rowsRepeated)
        case "table": try endTable()
        default: break
        }
    }

    private mutating func setParagraph(_ change: (inout Paragraph) -> Void) {
        guard let last = paragraphs.indices.last else { return }
        change(&paragraphs[last])
    }

    private mutating func append(_ text: String) {
        let style = spans.last ?? InlineStyle()
        setParagraph { $0.content.append(text, style) }
    }

    /// Runs of blanks are one blank, unless `text:s` says how many; at the start of a line of code one counts as well.
    private mutating func append(collapsing text: String) {
        if styles.isCode(paragraphs.last?.style) { return append(text) }
        let style = spans.last ?? InlineStyle()
        setParagraph { $0.content.appendCollapsed(text, style) }
    }

    private mutating func startTable(_ xml: XMLStream) throws(ExtractionError) {
        guard table == nil else {
            table?.depth += 1
            return
        }
        try flushCode()
        if isSpreadsheet {
            builder.beginPage()
            var title = InlineText()
            title.append(xml["name"] ?? "")
            try builder.heading(2, title)
        }
        table = Table(cells: SparseTable(limit: limit))
    }

    private mutating func endTable() throws(ExtractionError) {
        guard let ended = table else { return }
        guard ended.depth == 1 else {
            table?.depth -= 1
            return
        }
        table = nil
        try builder.table(try ended.cells.rows(keepingBlanks: !isSpreadsheet))
    }

    private mutating func finish(_ paragraph: Paragraph) throws(ExtractionError) {
        let content = paragraph.content
        if isInNote { return addLine(content, to: &notes[notes.count - 1]) }
        if table != nil {
            if !content.isBlank, var cell = table?.cell {
                addLine(content, to: &cell)
                table?.cell = cell
            }
            return
        }
        if styles.isCode(paragraph.style), paragraph.level == nil {
            // An empty line of code is a line too.
            return codeLines.append(content.plainLine)
        }
        try flushCode()
        if let level = paragraph.level { return try builder.heading(level, content) }
        if box == "title" { return try builder.heading(2, content.unstyled) }
        if box == nil, styles.isTitle(paragraph.style) { return try builder.heading(1, content) }
        guard itemIsFresh, let list = lists.last, !content.isBlank else {
            let isQuotation = isSpeakersNote || styles.isQuotation(paragraph.style)
            return try builder.paragraph(content, quoteDepth: isQuotation ? 1 : 0)
        }
        itemIsFresh = false
        let depth = min(lists.count, Self.outermostLists) - 1
        let isNumbered = styles.isNumbered(list: list.style, level: lists.count)
        try builder.listItem(content, depth: depth, marker: isNumbered ? .number(list.next) : .bullet)
        // The first may be the largest number there is.
        lists[lists.count - 1].next &+= 1
    }

    private func addLine(_ content: InlineText, to text: inout InlineText) {
        if !text.isBlank { text.append("\n") }
        text.append(content)
    }

    private mutating func flushCode() throws(ExtractionError) {
        guard !codeLines.isEmpty else { return }
        let code = codeLines.joined(separator: "\n")
        codeLines = []
        try builder.code(code)
    }
}
