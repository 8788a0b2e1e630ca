import Archive
import Foundation
import Markup

/// EPUB: the chapters of the spine, each as HTML (EPUB 3.3).
enum Book {
    static let containerPart = "META-INF/container.xml"
    private static let mediaType = "application/epub+zip"
    /// Fonts may be garbled without the book being locked.
    private static let fontObfuscation: Set<String> = [
        "http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC",
    ]

    private struct Item {
        let part: String
        let isText: Bool
        let isXHTML: Bool
        /// The table of contents, which says the headings again.
        let isNavigation: Bool
    }

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        try refuseEncrypted(archive)
        let package = try packagePart(archive)
        let (metadata, items, spine) = try read(package, archive)
        var renderer = HTMLDocument.renderer(DocumentBuilder(limit: limit), metadata: metadata)
        for item in spine.compactMap({ items[$0] }) where item.isText && !item.isNavigation {
            guard let bytes = try archive.bytes(item.part) else { continue }
            let text = try HTMLDocument.decoded(bytes).text
            try HTMLDocument.render(item.isXHTML ? XHTML.asHTML(text) : text, part: item.part, with: &renderer)
        }
        return renderer.builder.finish(metadata)
    }

    private static func refuseEncrypted(_ archive: DocumentArchive) throws(ExtractionError) {
        guard let xml = try archive.xml("META-INF/encryption.xml") else { return }
        while let event = try xml.next() {
            guard case .start("EncryptionMethod") = event, let method = xml["Algorithm"],
                !fontObfuscation.contains(method)
            else { continue }
            throw ExtractionError(
                .encrypted, "the book is locked by its publisher: upload one without protection", mediaType: mediaType)
        }
    }

    private static func packagePart(_ archive: DocumentArchive) throws(ExtractionError) -> String {
        let xml = try archive.requiredXML(containerPart)
        while let event = try xml.next() {
            if case .start("rootfile") = event, let path = xml["full-path"] { return path }
        }
        throw .corrupt(archive.format, "no rootfile in \(containerPart)")
    }

    private static let fields = [
        "title": "title", "language": "language", "description": "subject", "date": "created",
    ]

    private static func read(
        _ package: String, _ archive: DocumentArchive
    ) throws(ExtractionError) -> (DocumentMetadata, items: [String: Item], spine: [String]) {
        let xml = try archive.requiredXML(package)
        var metadata = DocumentMetadata(mediaType: mediaType)
        var authors: [String] = []
        var items: [String: Item] = [:]
        var spine: [String] = []
        while let event = try xml.next() {
            guard case .start(let name) = event else { continue }
            switch name {
            case "creator": authors.append(try xml.text().collapsingWhitespace())
            case "meta" where xml["property"] == "dcterms:modified":
                metadata.set("modified", try xml.text())
            case "item":
                guard let id = xml["id"], let target = xml["href"] else { continue }
                let kind = xml["media-type"] ?? ""
                items[id] = Item(
                    part: DocumentArchive.resolve(target.removingPercentEncoding ?? target, from: package),
                    isText: kind == "application/xhtml+xml" || kind == "text/html",
                    isXHTML: kind == "application/xhtml+xml",
                    isNavigation: xml["properties"]?.split(separator: " ").contains("nav") ?? false)
            case "itemref": if let id = xml["idref"] { spine.append(id) }
            default:
                guard let field = fields[name] else { continue }
                let text = try xml.text()
                // Of several titles the first is the main one.
                if field == "title", metadata.title != nil { continue }
                metadata.set(field, text)
            }
        }
        metadata.set("author", authors.joined(separator: ", "))
        return (metadata, items, spine)
    }
}
