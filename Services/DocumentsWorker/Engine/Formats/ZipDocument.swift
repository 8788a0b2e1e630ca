/// A zip archive: DOCX is read, other documents in zip are named.
enum ZipDocument {
    private static let marks = [
        ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("META-INF/container.xml", "application/epub+zip"),
        ("content.xml", "application/vnd.oasis.opendocument"),
        ("META-INF/MANIFEST.MF", "application/java-archive"),
    ]

    static func parse(_ request: ChildRequest) throws(ExtractionError) -> ParsedDocument {
        let budget = InflationBudget(limit: request.inflatedBytes)
        let names = try ZipPart.names(limit: 1000)
        if let (_, type) = marks.first(where: { names.contains($0.0) }) { throw .unsupported(type) }
        guard let body = try XMLStream(WordDocument.bodyPart, budget: budget) else {
            guard !names.isEmpty else { throw .corrupt("zip", "no entries") }
            if names.contains("[Content_Types].xml") { throw .corrupt("DOCX", "no \(WordDocument.bodyPart)") }
            throw .unsupported("application/zip", hint: "unpack it and upload the documents")
        }
        // Opened only to see that it is there; libarchive reads one part at a time from the same descriptor.
        _ = consume body
        return try WordDocument.parse(budget: budget, limit: request.outputBytes)
    }
}
