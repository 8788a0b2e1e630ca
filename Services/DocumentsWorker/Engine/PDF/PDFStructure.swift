import Markup

/// Finds out of all pages together which blocks are headings and which are the headers and footers that every page repeats, and
/// builds the document.
struct PDFStructure {
    /// How near to the edge of a page, as a part of its height, headers and footers stand.
    private static let margin = 0.12
    /// On so many pages a line must stand to be one that pages repeat.
    private static let leastRepeats = 3

    private let pages: [PDFPage]
    private let notes: PDFNotes
    private var headings: HeadingStyles
    /// The repeated lines, as keys.
    private var repeated: Set<String> = []

    init(_ pages: [PDFPage]) {
        let pages = Hyphens.resolved(pages)
        self.pages = pages
        notes = PDFNotes(pages)
        headings = HeadingStyles(pages.flatMap(\.blocks))
        repeated = repeatedLines()
        headings.rank(pages.flatMap { page in page.blocks.filter { !isFurniture($0, page) } })
    }

    // MARK: What repeats

    /// What a line says but for its numbers, with the edge near which it stands; nil for one in the middle.
    private func key(_ block: PageBlock, _ height: Double) -> String? {
        guard height > 0, block.size > 0, block.lines <= 2, block.text.utf8.count <= 200 else { return nil }
        let isTop = block.box.bottom < Self.margin * height
        guard isTop || block.box.top > (1 - Self.margin) * height else { return nil }
        let isLarge = headings.isLarge(block)
        var (key, isInNumber) = (isTop ? "^" : "_", false)
        for scalar in block.text.unicodeScalars {
            // The title of a chapter has a number of its own, and is no header for that.
            let isDigit = !isLarge && scalar.properties.numericType != nil
            if isDigit, !isInNumber { key += "#" }
            if !isDigit { key.unicodeScalars.append(scalar) }
            isInNumber = isDigit
        }
        return key
    }

    private func repeatedLines() -> Set<String> {
        var counts: [String: Int] = [:]
        for page in pages {
            for key in Set(page.blocks.compactMap({ key($0, page.height) })) { counts[key, default: 0] += 1 }
        }
        // Of chapters each may have a header of its own, but not each page.
        return Set(counts.filter { $0.value >= max(Self.leastRepeats, pages.count / 20) }.keys)
    }

    private func isFurniture(_ block: PageBlock, _ page: PDFPage) -> Bool {
        !repeated.isEmpty && key(block, page.height).map(repeated.contains) ?? false
    }

    // MARK: The document

    /// The document, which has text, with the limit in bytes for text and Markdown together.
    func extracted(
        _ metadata: DocumentMetadata, furniture: PageFurniture, limit: Int
    ) throws(ExtractionError) -> Extracted {
        var builder = DocumentBuilder(limit: limit)
        var places: [Place] = []
        for (index, page) in pages.enumerated() {
            builder.beginPage()
            for block in page.blocks {
                let isFurniture = isFurniture(block, page)
                if isFurniture, furniture == .drop { continue }
                try write(block, onPage: index, level: isFurniture ? nil : headings.level(block), to: &builder)
                guard block.size > 0, !builder.lastBlock.isEmpty, places.last?.end ?? 0 <= builder.lastBlock.lowerBound
                else { continue }
                places.append(
                    Place(start: builder.lastBlock.lowerBound, end: builder.lastBlock.upperBound, box: block.box))
            }
        }
        let document = builder.finish(metadata)
        guard !document.text.isEmpty else { throw .empty }
        return Extracted(
            text: document.text, markdown: document.markdown, metadata: document.metadata,
            pages: zip(document.pages, pages).map { place, page in
                Page(
                    number: place.number, start: place.start, end: place.end, error: page.error,
                    isRecognized: page.isRecognized)
            }, headings: document.headings, tables: document.tables, places: places)
    }

    private func write(
        _ block: PageBlock, onPage page: Int, level: Int?, to builder: inout DocumentBuilder
    ) throws(ExtractionError) {
        func inline(_ text: String) -> InlineText {
            notes.inline(text.replacing(PageBlock.lineEnd, with: " "), onPage: page)
        }
        if level == nil, let note = notes.note(block, onPage: page) {
            return try builder.note(note.label, inline(note.text))
        }
        switch block.content {
        case .text(let text):
            if let level {
                try builder.heading(level, inline(text))
            } else if block.isFixed, !headings.isFixed {
                try builder.code(text.replacing(PageBlock.lineEnd, with: "\n"))
            } else {
                try builder.paragraph(inline(text))
            }
        case .item(let mark, let depth, let text):
            // A number before a heading is a part of it.
            if let level {
                let title = ListMark.number(mark) == nil ? text : "\(mark) \(text)"
                try builder.heading(level, inline(title))
            } else {
                let marker = ListMark.number(mark).map { DocumentBuilder.Marker.number($0) } ?? .bullet
                // A letter is what others refer to.
                let isLettered = marker == .bullet && mark.contains(where: \.isLetter)
                try builder.listItem(inline(isLettered ? "\(mark) \(text)" : text), depth: depth, marker: marker)
            }
        case .table(let rows): try builder.table(rows.map { $0.map(inline) })
        }
    }
}
