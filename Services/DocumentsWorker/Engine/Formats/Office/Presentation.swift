import Archive
import Markup

/// PPTX: each slide is a page, with its title first and its notes last (ECMA-376 part 1, 19).
enum Presentation {
    static let mainPart = "ppt/presentation.xml"
    private static let mediaType = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        let relations = try archive.relations(of: mainPart)
        var builder = DocumentBuilder(limit: limit)
        for slide in try slides(archive).compactMap({ relations[$0]?.target }) {
            builder.beginPage()
            let links = try archive.relations(of: slide)
            guard let xml = try archive.xml(slide) else { continue }
            var shapes = SlideShapes(links: links)
            try shapes.read(xml)
            try shapes.write(to: &builder)
            for notes in links.values where notes.kind == "notesSlide" {
                guard let xml = try archive.xml(notes.target) else { continue }
                var shapes = SlideShapes(links: [:])
                try shapes.read(xml)
                try shapes.writeNotes(to: &builder)
            }
        }
        return builder.finish(try OfficeProperties.read(archive, mediaType: mediaType))
    }

    /// The references to the slides, in the order in which they are shown.
    private static func slides(_ archive: DocumentArchive) throws(ExtractionError) -> [String] {
        let xml = try archive.requiredXML(mainPart)
        var ids: [String] = []
        while let event = try xml.next() {
            if case .start("sldId") = event, let id = xml.relation { ids.append(id) }
        }
        return ids
    }
}

/// What stands on one slide: text and tables in reading order.
struct SlideShapes {
    private struct Paragraph {
        var content = InlineText()
        var level = 0
        /// Nil where the shape's kind decides.
        var marker: DocumentBuilder.Marker?
        var hasNoMarker = false
    }

    private struct Shape {
        /// The kind of placeholder; nil for a shape that is none.
        var placeholder: String?
        var paragraphs: [Paragraph] = []
        var table: [[InlineText]]?
        /// From the top and from the left, in English Metric Units; nil where the layout of the slide decides.
        var position: (y: Int, x: Int)?

        var isTitle: Bool { placeholder == "title" || placeholder == "ctrTitle" }
        /// The text of a body is a list unless it says otherwise.
        var isList: Bool { placeholder == "body" || placeholder == "obj" }
    }

    /// Placeholders that say the same on every slide.
    private static let repeated: Set<String> = ["dt", "ftr", "hdr", "sldNum", "sldImg"]

    private let links: [String: Relation]
    private var shapes: [Shape] = []
    private var paragraph: Paragraph?
    private var style = InlineStyle()
    private var isInText = false
    private var isInRunProperties = false
    /// How many groups are open: their shapes have the place of the outermost.
    private var groups = 0
    private var groupPosition: (y: Int, x: Int)?

    init(links: [String: Relation]) { self.links = links }

    mutating func read(_ xml: XMLStream) throws(ExtractionError) {
        while let event = try xml.next() {
            switch event {
            case .start("Fallback"): try xml.skip()
            case .start("fld") where xml["type"] == "slidenum": try xml.skip()
            case .start(let name): start(name, xml)
            case .end(let name): end(name)
            case .text(let text): if isInText { paragraph?.content.append(text, style) }
            }
        }
    }

    private mutating func start(_ name: String, _ xml: XMLStream) {
        switch name {
        case "grpSp": groups += 1
        case "sp", "graphicFrame", "cxnSp", "pic":
            shapes.append(Shape(position: groups > 0 ? groupPosition : nil))
        case "ph": setShape { $0.placeholder = xml["type"] ?? "obj" }
        case "off": place(xml)
        case "tbl": setShape { $0.table = [] }
        case "tr": setShape { $0.table?.append([]) }
        case "tc":
            setShape { shape in
                guard let row = shape.table?.indices.last else { return }
                shape.table?[row].append(InlineText())
            }
        case "p": paragraph = Paragraph()
        case "pPr": paragraph?.level = xml["lvl"].flatMap { Int($0) } ?? 0
        case "buNone": paragraph?.hasNoMarker = true
        case "buChar", "buBlip": paragraph?.marker = .bullet
        case "buAutoNum": paragraph?.marker = .number(xml["startAt"].flatMap { Int($0) } ?? 1)
        case "rPr":
            isInRunProperties = true
            style.isStrong = xml["b"] == "1"
            style.isEmphasis = xml["i"] == "1"
            style.isStruck = ["sngStrike", "dblStrike"].contains(xml["strike"] ?? "")
        // A shape may be a link as well.
        case "hlinkClick" where isInRunProperties: style.link = xml.relation.flatMap { links[$0]?.link }
        case "t": isInText = true
        case "br": paragraph?.content.append("\n")
        default: break
        }
    }

    private mutating func end(_ name: String) {
        switch name {
        case "grpSp":
            groups -= 1
            if groups == 0 { groupPosition = nil }
        case "t": isInText = false
        case "rPr": isInRunProperties = false
        case "r", "fld": style = InlineStyle()
        case "p": endParagraph()
        default: break
        }
    }

    /// The first offset of a shape or of a group is its own.
    private mutating func place(_ xml: XMLStream) {
        guard let y = xml["y"].flatMap({ Int($0) }), let x = xml["x"].flatMap({ Int($0) }) else { return }
        if groups == 0 {
            setShape { if $0.position == nil { $0.position = (y, x) } }
        } else if groupPosition == nil {
            groupPosition = (y, x)
        }
    }

    private mutating func setShape(_ change: (inout Shape) -> Void) {
        guard let last = shapes.indices.last else { return }
        change(&shapes[last])
    }

    private mutating func endParagraph() {
        guard let ended = paragraph else { return }
        paragraph = nil
        setShape { shape in
            guard let row = shape.table?.indices.last else { return shape.paragraphs.append(ended) }
            guard let cell = shape.table?[row].indices.last, !ended.content.isBlank else { return }
            if let isBlank = shape.table?[row][cell].isBlank, !isBlank { shape.table?[row][cell].append("\n") }
            shape.table?[row][cell].append(ended.content)
        }
    }

    /// Adds the slide: the title, then what stands higher before what stands lower.
    func write(to builder: inout DocumentBuilder) throws(ExtractionError) {
        let wanted = shapes.filter { !Self.repeated.contains($0.placeholder ?? "") }
        for shape in wanted where shape.isTitle {
            var title = InlineText()
            for paragraph in shape.paragraphs {
                if !title.isBlank { title.append(" ") }
                title.append(paragraph.content)
            }
            try builder.heading(shape.placeholder == "ctrTitle" ? 1 : 2, title)
        }
        for shape in Self.inReadingOrder(wanted.filter { !$0.isTitle }) { try Self.write(shape, to: &builder) }
    }

    /// Adds what the speaker is to say, as a quotation.
    func writeNotes(to builder: inout DocumentBuilder) throws(ExtractionError) {
        for shape in shapes where shape.placeholder == "body" {
            for paragraph in shape.paragraphs { try builder.paragraph(paragraph.content, quoteDepth: 1) }
        }
    }

    /// By place where every shape has one, else as they stand in the file: the order in which they were drawn.
    private static func inReadingOrder(_ shapes: [Shape]) -> [Shape] {
        let placed = shapes.compactMap { shape in shape.position.map { (shape, $0) } }
        guard placed.count == shapes.count else { return shapes }
        return placed.enumerated().sorted { a, b in
            (a.element.1.y, a.element.1.x, a.offset) < (b.element.1.y, b.element.1.x, b.offset)
        }.map(\.element.0)
    }

    private static func write(_ shape: Shape, to builder: inout DocumentBuilder) throws(ExtractionError) {
        if let table = shape.table { return try builder.table(table) }
        var numbers: [Int: Int] = [:]
        for paragraph in shape.paragraphs {
            numbers = numbers.filter { $0.key <= paragraph.level }
            let marker = paragraph.marker ?? (shape.isList ? .bullet : nil)
            switch marker {
            case .number(let first) where !paragraph.hasNoMarker:
                let number = numbers[paragraph.level].map { $0 &+ 1 } ?? first
                numbers[paragraph.level] = number
                try builder.listItem(paragraph.content, depth: paragraph.level, marker: .number(number))
            case .bullet where !paragraph.hasNoMarker:
                numbers[paragraph.level] = nil
                try builder.listItem(paragraph.content, depth: paragraph.level, marker: .bullet)
            default:
                numbers[paragraph.level] = nil
                try builder.paragraph(paragraph.content)
            }
        }
    }
}
