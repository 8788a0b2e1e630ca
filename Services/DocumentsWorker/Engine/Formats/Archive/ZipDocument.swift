import Archive
import Markup

/// A zip archive: what kind of document it holds is told by the parts that it has.
enum ZipDocument {
    static func parse(_ request: ChildRequest) throws(ExtractionError) -> ParsedDocument {
        let names = try ZipPart.names(of: "zip")
        func archive(_ format: String) -> DocumentArchive {
            DocumentArchive(format: format, names: names, inflatedBytes: request.inflatedBytes)
        }
        let limit = request.outputBytes
        if names.contains(WordDocument.bodyPart) { return try WordDocument.parse(archive("DOCX"), limit: limit) }
        if names.contains(Presentation.mainPart) { return try Presentation.parse(archive("PPTX"), limit: limit) }
        if names.contains(WorkbookParts.mainPart) { return try Workbook.parse(archive("XLSX"), limit: limit) }
        if names.contains(Book.containerPart) { return try Book.parse(archive("EPUB"), limit: limit) }
        if names.contains(OpenDocumentFormat.bodyPart) {
            return try OpenDocumentFormat.parse(archive("OpenDocument"), limit: limit)
        }
        if names.contains("[Content_Types].xml") {
            throw .corrupt("Office", "none of the parts that DOCX, PPTX or XLSX begin with")
        }
        if names.contains("META-INF/MANIFEST.MF") { throw .unsupported("application/java-archive") }
        return try ArchiveCollection.parse(.zip, type: "application/zip", request)
    }
}
