import Markup

/// XML of any kind: what stands in its elements, a paragraph for each that has text of its own.
enum XMLDocument {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let xml = try XMLStream(MemorySource(bytes), of: "XML")
        var builder = DocumentBuilder(limit: limit)
        var metadata = DocumentMetadata(mediaType: "application/xml")
        var open: [(name: String, hasText: Bool, isInline: Bool)] = []
        var content = InlineText()
        func flush() throws(ExtractionError) {
            if open.last?.name == "title", metadata.title == nil { metadata.set("title", content.plain) }
            try builder.paragraph(content)
            content = InlineText()
        }
        while let event = try xml.next() {
            switch event {
            case .start(let name):
                // An element in running text, such as one for emphasis, is part of it.
                let isInline = open.last.map { $0.hasText || $0.isInline } ?? false
                if !isInline { try flush() }
                open.append((name, false, isInline))
            case .end:
                if open.last?.isInline == false { try flush() }
                _ = open.popLast()
            case .text(let text):
                if let last = open.indices.last, !text.utf8.allSatisfy(\.isBlank) { open[last].hasText = true }
                content.appendCollapsed(text, InlineStyle())
            }
        }
        return builder.finish(metadata)
    }
}
