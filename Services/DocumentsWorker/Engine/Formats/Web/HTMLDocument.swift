import Archive
import Foundation
import Markup

/// HTML by gumbo, which repairs what browsers repair.
enum HTMLDocument {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try decoded(bytes)
        var metadata = DocumentMetadata(mediaType: "text/html")
        metadata.encoding = decoded.encoding
        var renderer = renderer(DocumentBuilder(limit: limit), metadata: metadata)
        try render(decoded.text, with: &renderer)
        return renderer.builder.finish(renderer.metadata)
    }

    /// The bytes as text, by what they declare.
    static func decoded(_ bytes: [UInt8]) throws(ExtractionError) -> DecodedText {
        try DecodedText(bytes, declared: declaredEncoding(bytes))
    }

    /// A renderer for the texts of a document; links inside a book lead from file to file of its archive.
    static func renderer(
        _ builder: DocumentBuilder, metadata: DocumentMetadata = DocumentMetadata(mediaType: "")
    ) -> HTMLRenderer {
        HTMLRenderer(builder: builder, metadata: metadata, resolve: DocumentArchive.resolve)
    }

    /// Adds a text, which is the file `part` of a book, to what was rendered before.
    static func render(
        _ source: String, part: String = "", with renderer: inout HTMLRenderer
    ) throws(ExtractionError) {
        let tree = try HTMLTree(source)
        try renderer.walk(tree.root, part: part)
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
