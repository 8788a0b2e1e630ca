import Archive
import Markup

/// ODT, ODS and ODP (OASIS OpenDocument 1.3): one part with the content, one with styles, one with metadata.
enum OpenDocumentFormat {
    static let bodyPart = "content.xml"
    private static let family = "application/vnd.oasis.opendocument."

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        let named = String(decoding: try archive.bytes("mimetype") ?? [], as: UTF8.self).trimmingBlanks()
        let mediaType = named.hasPrefix(family) ? named : family + "text"
        try refuseEncrypted(archive, mediaType: mediaType)
        var styles = OpenDocumentStyles()
        if let xml = try archive.xml("styles.xml") {
            while let event = try xml.next() { styles.take(event, xml) }
        }
        var body = OpenDocumentBody(styles: styles, limit: limit)
        try body.read(try archive.requiredXML(bodyPart))
        return body.builder.finish(try metadata(archive, mediaType: mediaType))
    }

    private static func refuseEncrypted(_ archive: DocumentArchive, mediaType: String) throws(ExtractionError) {
        guard let xml = try archive.xml("META-INF/manifest.xml") else { return }
        while let event = try xml.next() {
            guard case .start("encryption-data") = event else { continue }
            throw .encrypted(mediaType: mediaType)
        }
    }

    private static let fields = [
        "title": "title", "initial-creator": "author", "subject": "subject", "description": "subject",
        "language": "language", "creation-date": "created", "date": "modified",
    ]

    private static func metadata(
        _ archive: DocumentArchive, mediaType: String
    ) throws(ExtractionError) -> DocumentMetadata {
        var metadata = DocumentMetadata(mediaType: mediaType)
        guard let xml = try archive.xml("meta.xml") else { return metadata }
        var lastAuthor = ""
        while let event = try xml.next() {
            guard case .start(let name) = event else { continue }
            if name == "creator" {
                lastAuthor = try xml.text()
            } else if let field = fields[name] {
                metadata.set(field, try xml.text())
            }
        }
        if metadata.author == nil { metadata.set("author", lastAuthor) }
        return metadata
    }
}

/// What the styles of an OpenDocument mean for structure, gathered as they are read.
struct OpenDocumentStyles {
    private struct Style {
        var parent: String?
        var isStrong: Bool?
        var isEmphasis: Bool?
        var isStruck: Bool?
    }

    private static let mostParents = 10
    private static let code: Set<String> = ["Preformatted_20_Text", "Source_20_Code", "Source_20_Text"]

    private var styles: [String: Style] = [:]
    private var current = ""
    /// Whether a level of a list is numbered, by list style and level.
    private var isNumbered: [String: [Int: Bool]] = [:]
    private var currentList = ""

    mutating func take(_ event: XMLStream.Event, _ xml: XMLStream) {
        guard case .start(let name) = event else { return }
        switch name {
        case "style":
            current = xml["name"] ?? ""
            styles[current] = Style(parent: xml["parent-style-name"])
        case "text-properties":
            if let weight = xml["font-weight"] { styles[current]?.isStrong = weight != "normal" }
            if let slant = xml["font-style"] { styles[current]?.isEmphasis = slant != "normal" }
            if let line = xml["text-line-through-style"] { styles[current]?.isStruck = line != "none" }
        case "list-style":
            currentList = xml["name"] ?? ""
            // The look of its marks is no look of text.
            current = ""
        case "list-level-style-number": setLevel(xml, isNumbered: !(xml["num-format"] ?? "").isEmpty)
        case "list-level-style-bullet": setLevel(xml, isNumbered: false)
        default: break
        }
    }

    private mutating func setLevel(_ xml: XMLStream, isNumbered value: Bool) {
        if let level = xml["level"].flatMap({ Int($0) }) { isNumbered[currentList, default: [:]][level] = value }
    }

    func isNumbered(list: String, level: Int) -> Bool { isNumbered[list]?[level] ?? false }

    /// How text of this style looks.
    func look(_ name: String?) -> InlineStyle {
        var look = InlineStyle()
        let chain = chain(name)
        look.isStrong = chain.lazy.compactMap { styles[$0]?.isStrong }.first ?? false
        look.isEmphasis = chain.lazy.compactMap { styles[$0]?.isEmphasis }.first ?? false
        look.isStruck = chain.lazy.compactMap { styles[$0]?.isStruck }.first ?? false
        look.isCode = chain.contains(where: Self.code.contains)
        return look
    }

    func isCode(_ name: String?) -> Bool { chain(name).contains(where: Self.code.contains) }
    func isTitle(_ name: String?) -> Bool { chain(name).contains("Title") }
    func isQuotation(_ name: String?) -> Bool { chain(name).contains("Quotations") }

    /// The style and those that it is made from. A hostile document may make styles the parents of each other.
    private func chain(_ name: String?) -> [String] {
        var chain: [String] = []
        var next = name
        while let name = next, chain.count < Self.mostParents {
            chain.append(name)
            next = styles[name]?.parent
        }
        return chain
    }
}
