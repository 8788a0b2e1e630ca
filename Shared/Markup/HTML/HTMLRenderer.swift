/// Walks an HTML tree and builds the document. It keeps its own stack: nesting is only bounded by the file's size.
package struct HTMLRenderer {
    private struct Level {
        var node: HTMLNode
        var tag: String
        var nextChild = 0
        /// The style to go back to.
        var style: InlineStyle
        var isNote = false
    }

    private struct List {
        var isOrdered: Bool
        var next: Int
    }

    /// A table under construction; what is nested in it is flattened into its cells.
    private struct Table {
        var rows: [[InlineText]] = []
        var depth = 1
        /// Up to which row a cell further up stands for each column.
        var spanned: [Int: Int] = [:]
        /// Cells, also those that others stand for.
        var size = 0

        mutating func fillSpanned(row: Int) {
            while let end = spanned[rows[row].count], row < end { rows[row].append(InlineText()) }
        }
    }

    private static let mostSpanned = 1000
    /// Of a table: a few cells can stand for any number.
    private static let mostCells = 2_000_000

    private static let skipped: Set<String> = [
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "nav", "button", "select",
        "textarea", "input", "canvas", "audio", "video", "head",
    ]
    private static let blocks: Set<String> = [
        "html", "body", "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "li", "main", "ol", "p", "pre", "section", "summary", "table", "caption", "tr", "td", "th", "ul",
    ]

    package private(set) var builder: DocumentBuilder
    package private(set) var metadata: DocumentMetadata
    private var inline = InlineText()
    private var style = InlineStyle()
    private var lists: [List] = []
    private var table: Table?
    private var quoteDepth = 0
    private var isPreformatted = false
    private var preformatted = ""
    private var itemIsFresh = false
    private var notes: HTMLNotes
    private let left: Set<HTMLNode>
    private let keepsAlternatives: Bool
    /// The number of the note whose first paragraph is to come.
    private var note: Int?

    /// `resolve` tells which file of a book a link in another one means; `left` are elements that are left out with all that is in them;
    /// `keepsAlternatives` is whether the texts that stand for pictures are text.
    package init(
        builder: DocumentBuilder, metadata: DocumentMetadata, leaving left: Set<HTMLNode> = [],
        keepsAlternatives: Bool = true,
        resolve: @escaping (_ target: String, _ part: String) -> String = { target, _ in target }
    ) {
        self.builder = builder
        self.metadata = metadata
        self.left = left
        self.keepsAlternatives = keepsAlternatives
        notes = HTMLNotes(resolve: resolve)
    }

    /// Adds what stands below an element.
    ///
    /// - Parameter part: the file of a book.
    package mutating func walk(_ root: HTMLNode, part: String) throws(ExtractionError) {
        notes.part = part
        var stack: [Level] = []
        try open(root, &stack)
        while let top = stack.last {
            guard top.nextChild < top.node.childCount else {
                try leave(top)
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].nextChild += 1
            if let child = top.node.child(top.nextChild) { try open(child, &stack) }
        }
        try flush()
    }

    private mutating func open(_ node: HTMLNode, _ stack: inout [Level]) throws(ExtractionError) {
        if let text = node.text {
            if isPreformatted { preformatted += text } else { inline.appendCollapsed(text, style) }
            return
        }
        guard let tag = node.tag else { return }
        if tag == "head" { return HTMLHead.read(node, into: &metadata) }
        let isHidden = node["hidden"] != nil || node["aria-hidden"] == "true"
        guard !Self.skipped.contains(tag), !isHidden, !left.contains(node) else { return }
        if tag == "a" {
            if HTMLNotes.isBacklink(node) { return }
            if let number = notes.reference(node) {
                let mark = "[^\(number)]"
                if isPreformatted { preformatted += mark } else { inline.append(InlineText().marked(mark)) }
                return
            }
        }
        stack.append(Level(node: node, tag: tag, style: style))
        try enter(node, tag)
        if table == nil, Self.blocks.contains(tag), let number = notes.note(node) {
            note = number
            stack[stack.count - 1].isNote = true
            itemIsFresh = false
        }
    }

    private mutating func enter(_ node: HTMLNode, _ tag: String) throws(ExtractionError) {
        if Self.blocks.contains(tag) { try startBlock() }
        switch tag {
        case "html": metadata.set("language", node["lang"] ?? "")
        case "strong", "b": style.isStrong = true
        case "em", "i", "cite", "dfn": style.isEmphasis = true
        case "del", "s", "strike": style.isStruck = true
        case "code", "kbd", "samp", "tt": style.isCode = true
        case "a": style.link = node["href"].flatMap(HTMLHead.safeLink)
        case "br": if isPreformatted { preformatted += "\n" } else { inline.append("\n", style) }
        case "img" where keepsAlternatives: inline.appendCollapsed(node["alt"] ?? "", style)
        case "ul", "ol": lists.append(List(isOrdered: tag == "ol", next: node["start"].flatMap { Int($0) } ?? 1))
        case "li": itemIsFresh = true
        case "blockquote": quoteDepth += 1
        case "hr": if table == nil { try builder.rule() }
        case "pre": isPreformatted = table == nil
        case "table": if table == nil { table = Table() } else { table?.depth += 1 }
        case "tr": if table?.depth == 1 { table?.rows.append([]) }
        default: break
        }
    }

    private mutating func leave(_ level: Level) throws(ExtractionError) {
        switch level.tag {
        case "h1", "h2", "h3", "h4", "h5", "h6":
            if table == nil, let number = Int(level.tag.dropFirst()) { try builder.heading(number, takeInline()) }
        case "td", "th": if table?.depth == 1 { try endCell(level.node) }
        case "table": try endTable()
        case "pre": try endPreformatted()
        default: if Self.blocks.contains(level.tag) { try flush() }
        }
        switch level.tag {
        case "ul", "ol": lists.removeLast()
        case "blockquote": quoteDepth -= 1
        case "li": itemIsFresh = false
        default: break
        }
        // One without a paragraph must not give its number to the next.
        if level.isNote { note = nil }
        style = level.style
    }

    /// Ends the paragraph before a block; in a cell it is a line break only.
    private mutating func startBlock() throws(ExtractionError) {
        if table != nil {
            if !inline.isBlank { inline.append("\n") }
        } else {
            try flush()
        }
    }

    private mutating func flush() throws(ExtractionError) {
        guard table == nil else { return }
        let content = takeInline()
        guard !content.isBlank else { return }
        if let number = note {
            // A note of several paragraphs has one mark.
            note = nil
            return try builder.note("\(number)", content)
        }
        guard let list = lists.last, itemIsFresh else {
            return try builder.paragraph(content, quoteDepth: quoteDepth)
        }
        itemIsFresh = false
        try builder.listItem(
            content, depth: lists.count - 1, marker: list.isOrdered ? .number(list.next) : .bullet)
        // The first may be the largest number there is.
        lists[lists.count - 1].next &+= 1
    }

    /// A cell that stands for several is the first of them; the others are blank.
    private mutating func endCell(_ node: HTMLNode) throws(ExtractionError) {
        let content = takeInline()
        if table?.rows.isEmpty ?? false { table?.rows.append([]) }
        guard let last = table?.rows.indices.last else { return }
        func span(_ name: String) -> Int { min(max(node[name].flatMap { Int($0) } ?? 1, 1), Self.mostSpanned) }
        let (columns, rows) = (span("colspan"), span("rowspan"))
        let before = table?.rows[last].count ?? 0
        table?.fillSpanned(row: last)
        let column = table?.rows[last].count ?? 0
        table?.rows[last] += [content] + Array(repeating: InlineText(), count: columns - 1)
        let added = (table?.rows[last].count ?? 0) - before
        table?.size += added
        guard table?.size ?? 0 <= Self.mostCells else {
            throw ExtractionError(.tooLarge, "the cells of a table stand for too many others: split the table")
        }
        if rows > 1 { for place in column..<column + columns { table?.spanned[place] = last + rows } }
    }

    private mutating func endTable() throws(ExtractionError) {
        guard let finished = table else { return }
        if finished.depth > 1 {
            table?.depth -= 1
            return
        }
        table = nil
        let caption = takeInline()
        try builder.table(finished.rows)
        try builder.paragraph(caption, quoteDepth: quoteDepth)
    }

    private mutating func endPreformatted() throws(ExtractionError) {
        guard isPreformatted else { return }
        isPreformatted = false
        try builder.code(preformatted)
        preformatted = ""
    }

    private mutating func takeInline() -> InlineText {
        defer { inline = InlineText() }
        return inline
    }
}
