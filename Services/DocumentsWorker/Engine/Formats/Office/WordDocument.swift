import Archive
import Markup

/// DOCX: the body part in order, then the notes.
enum WordDocument {
    static let bodyPart = "word/document.xml"
    static let mediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        var body = WordBody(parts: try WordParts(archive), limit: limit)
        try body.read(try archive.requiredXML(bodyPart))
        for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
            if let xml = try archive.xml(notes) { try body.readNotes(xml) }
        }
        return body.builder.finish(try OfficeProperties.read(archive, mediaType: mediaType))
    }
}
