import Archive
import Markup

/// What a paragraph style means for structure.
struct WordStyle {
    enum Role { case code, quotation }

    var headingLevel: Int?
    var role: Role?
    var numbering: String?
    var basedOn: String?
}

/// The side parts of a DOCX that the body refers to. Each may be missing.
struct WordParts {
    private(set) var styles: [String: WordStyle] = [:]
    /// Link targets by relationship.
    private(set) var links: [String: String] = [:]
    /// Whether a level of a list is numbered, by list and level.
    private var isNumbered: [String: [Int: Bool]] = [:]

    private static let mostBases = 10
    /// By the styles' names in lower case: Word's own, and those of converters.
    private static let roles: [String: WordStyle.Role] = [
        "html preformatted": .code, "html code": .code, "source code": .code, "verbatim char": .code,
        "preformatted text": .code, "source text": .code, "macro": .code, "quote": .quotation,
        "intense quote": .quotation, "block text": .quotation, "quotations": .quotation,
    ]

    init(_ archive: DocumentArchive) throws(ExtractionError) {
        try readStyles(archive)
        links = try archive.relations(of: WordDocument.bodyPart).compactMapValues(\.link)
        try readNumbering(archive)
    }

    /// The heading level that a style has by itself or by its bases.
    func headingLevel(_ style: String?) -> Int? { inherited(style, \.headingLevel) }

    /// What text of a style is, by itself or by its bases.
    func role(_ style: String?) -> WordStyle.Role? { inherited(style, \.role) }

    /// The list that a style belongs to.
    func numbering(_ style: String?) -> String? { inherited(style, \.numbering) }

    func isNumbered(list: String, level: Int) -> Bool { isNumbered[list]?[level] ?? false }

    private func inherited<Value>(_ style: String?, _ value: (WordStyle) -> Value?) -> Value? {
        var id = style
        // A hostile document may make styles the bases of each other.
        for _ in 0..<Self.mostBases {
            guard let name = id, let style = styles[name] else { return nil }
            if let found = value(style) { return found }
            id = style.basedOn
        }
        return nil
    }

    private mutating func readStyles(_ archive: DocumentArchive) throws(ExtractionError) {
        guard let xml = try archive.xml("word/styles.xml") else { return }
        var id = ""
        while let event = try xml.next() {
            guard case .start(let name) = event else { continue }
            switch name {
            case "style":
                id = xml["styleId"] ?? ""
                styles[id] = WordStyle()
            case "name":
                let name = (xml["val"] ?? "").lowercased()
                styles[id]?.headingLevel = Self.headingLevel(named: name)
                styles[id]?.role = Self.roles[name]
            case "basedOn": styles[id]?.basedOn = xml["val"]
            case "numId": styles[id]?.numbering = xml["val"]
            case "outlineLvl":
                if let level = xml["val"].flatMap({ Int($0) }), level < 6 { styles[id]?.headingLevel = level + 1 }
            default: break
            }
        }
    }

    private static func headingLevel(named name: String) -> Int? {
        if name == "title" { return 1 }
        return name.hasPrefix("heading ") ? Int(name.dropFirst("heading ".count)) : nil
    }

    private mutating func readNumbering(_ archive: DocumentArchive) throws(ExtractionError) {
        guard let xml = try archive.xml("word/numbering.xml") else { return }
        var abstract: [String: [Int: Bool]] = [:]
        var (abstractID, list, level) = ("", "", 0)
        while let event = try xml.next() {
            guard case .start(let name) = event else { continue }
            switch name {
            case "abstractNum": abstractID = xml["abstractNumId"] ?? ""
            case "lvl": level = xml["ilvl"].flatMap { Int($0) } ?? 0
            case "numFmt": abstract[abstractID, default: [:]][level] = !["bullet", "none"].contains(xml["val"] ?? "")
            case "num": list = xml["numId"] ?? ""
            case "abstractNumId": isNumbered[list] = abstract[xml["val"] ?? ""]
            default: break
            }
        }
    }
}
