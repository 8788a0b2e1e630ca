import Archive
import Markup

/// What an Office document says about itself (ECMA-376 part 2, 11).
enum OfficeProperties {
    private static let fields = [
        "title": "title", "creator": "author", "subject": "subject", "language": "language", "created": "created",
        "modified": "modified",
    ]

    static func read(_ archive: DocumentArchive, mediaType: String) throws(ExtractionError) -> DocumentMetadata {
        var metadata = DocumentMetadata(mediaType: mediaType)
        guard let xml = try archive.xml("docProps/core.xml") else { return metadata }
        while let event = try xml.next() {
            guard case .start(let name) = event, let field = fields[name] else { continue }
            metadata.set(field, try xml.text())
        }
        return metadata
    }
}
