/// DOCX: the body as a stream, the side parts before it, the properties after it.
enum WordDocument {
    static let bodyPart = "word/document.xml"
    static let mediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    static func parse(budget: InflationBudget, limit: Int) throws(ExtractionError) -> ParsedDocument {
        var body = WordBody(parts: try WordParts(budget: budget), limit: limit)
        guard let xml = try XMLStream(bodyPart, budget: budget) else { throw .corrupt("DOCX", "no \(bodyPart)") }
        try body.read(xml)
        for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
            if let xml = try XMLStream(notes, budget: budget) { try body.readNotes(xml) }
        }
        return body.builder.finish(try properties(budget))
    }

    private static let fields = [
        "title": "title", "creator": "author", "subject": "subject", "language": "language", "created": "created",
        "modified": "modified",
    ]

    private static func properties(_ budget: InflationBudget) throws(ExtractionError) -> DocumentMetadata {
        var metadata = DocumentMetadata(mediaType: mediaType)
        guard let xml = try XMLStream("docProps/core.xml", budget: budget) else { return metadata }
        var field: String?
        while let event = try xml.next() {
            switch event {
            case .start(let name): field = fields[name]
            case .end: field = nil
            case .text(let text):
                guard let field else { continue }
                let isTime = field == "created" || field == "modified"
                if let value = isTime ? Timestamp.rfc3339(text) : text { metadata.set(field, value) }
            }
        }
        return metadata
    }
}
