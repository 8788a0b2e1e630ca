import CGumbo
import Foundation

/// HTML by gumbo, which repairs what browsers repair.
enum HTMLDocument {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try decoded(bytes)
        var metadata = DocumentMetadata(mediaType: "text/html")
        metadata.encoding = decoded.encoding
        var renderer = HTMLRenderer(builder: DocumentBuilder(limit: limit), metadata: metadata)
        try render(decoded.text, with: &renderer)
        return renderer.builder.finish(renderer.metadata)
    }

    /// The bytes as text, by what they declare.
    static func decoded(_ bytes: [UInt8]) throws(ExtractionError) -> DecodedText {
        try DecodedText(bytes, declared: declaredEncoding(bytes))
    }

    /// Adds a text, which is the file `part` of a book, to what was rendered before. Its tree is not freed: see `DocumentParser.run`.
    static func render(
        _ source: String, part: String = "", with renderer: inout HTMLRenderer
    ) throws(ExtractionError) {
        var options = kGumboDefaultOptions
        options.allocator = { _, size in
            // Gumbo does not check for NULL.
            malloc(size) ?? { _exit(LimitedChild.ExitCode.outOfMemory) }()
        }
        options.max_errors = 0
        var text = source
        let root = text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
                gumbo_parse_with_options(&options, $0.baseAddress, $0.count)?.pointee.root
            }
        }
        guard let root else { throw .outOfMemory }
        try withExtendedLifetime(text) { () throws(ExtractionError) in try renderer.walk(root, part: part) }
    }

    /// The label in the first kilobyte, as `charset=` of a meta element or `encoding=` of an XML declaration.
    private static func declaredEncoding(_ bytes: [UInt8]) -> String? {
        let start = String(decoding: bytes.prefix(Magic.headerLength), as: UTF8.self).lowercased()
        for key in ["charset=", "encoding="] {
            guard let label = start.firstRange(of: key) else { continue }
            let value = start[label.upperBound...].drop { $0 == "\"" || $0 == "'" || $0 == " " }
                .prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_:.".contains($0)) }
            if !value.isEmpty { return String(value) }
        }
        return nil
    }
}
