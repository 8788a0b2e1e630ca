import Markup

/// Plain text in any common encoding.
enum PlainText {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try DecodedText(bytes)
        guard decoded.text.utf8.count <= limit else { throw .tooLarge("the text is", limit: limit) }
        var metadata = DocumentMetadata(mediaType: "text/plain")
        metadata.encoding = decoded.encoding
        let text = decoded.text.utf8.allSatisfy(\.isBlank) ? "" : decoded.text
        return ParsedDocument(text: text, markdown: nil, metadata: metadata)
    }
}
