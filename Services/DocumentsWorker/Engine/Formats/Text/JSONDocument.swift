import JSON
import Markup

/// JSON, or a line of it after the other: the text as it is, as code.
enum JSONDocument {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try DecodedText(bytes)
        guard let type = mediaType(of: decoded.text) else { return try PlainText.parse(bytes, limit: limit) }
        var builder = DocumentBuilder(limit: limit)
        try builder.code(decoded.text)
        var metadata = DocumentMetadata(mediaType: type)
        metadata.encoding = decoded.encoding
        return builder.finish(metadata)
    }

    /// Nil for what only has the name of JSON.
    private static func mediaType(of text: String) -> String? {
        func isJSON(_ text: some StringProtocol) -> Bool {
            do {
                _ = try JSON.parse(Array(text.utf8))
                return true
            } catch {
                return false
            }
        }
        if isJSON(text) { return "application/json" }
        let lines = text.split(separator: "\n")
        return !lines.isEmpty && lines.allSatisfy(isJSON) ? "application/x-ndjson" : nil
    }
}
