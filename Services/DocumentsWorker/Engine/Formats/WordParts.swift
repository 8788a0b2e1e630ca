/// What a paragraph style means for structure.
struct WordStyle {
    var headingLevel: Int?
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

    init(budget: InflationBudget) throws(ExtractionError) {
        try readStyles(budget)
        try readLinks(budget)
        try readNumbering(budget)
    }

    /// The heading level that a style has by itself or by its bases.
    func headingLevel(_ style: String?) -> Int? { inherited(style, \.headingLevel) }

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

    private mutating func readStyles(_ budget: InflationBudget) throws(ExtractionError) {
        guard let xml = try XMLStream("word/styles.xml", budget: budget) else { return }
        var id = ""
        while let event = try xml.next() {
            guard case .start(let name) = event else { continue }
            switch name {
            case "style":
                id = xml["styleId"] ?? ""
                styles[id] = WordStyle()
            case "name": styles[id]?.headingLevel = Self.headingLevel(named: xml["val"] ?? "")
            case "basedOn": styles[id]?.basedOn = xml["val"]
            case "numId": styles[id]?.numbering = xml["val"]
            case "outlineLvl":
                if let level = xml["val"].flatMap({ Int($0) }), level < 6 { styles[id]?.headingLevel = level + 1 }
            default: break
            }
        }
    }

    private static func headingLevel(named name: String) -> Int? {
        let name = name.lowercased()
        if name == "title" { return 1 }
        return name.hasPrefix("heading ") ? Int(name.dropFirst("heading ".count)) : nil
    }

    private mutating func readLinks(_ budget: InflationBudget) throws(ExtractionError) {
        guard let xml = try XMLStream("word/_rels/document.xml.rels", budget: budget) else { return }
        while let event = try xml.next() {
            guard case .start("Relationship") = event, xml["Type"]?.hasSuffix("/hyperlink") ?? false,
                let id = xml["Id"], let target = xml["Target"].flatMap(HTMLHead.safeLink)
            else { continue }
            links[id] = target
        }
    }

    private mutating func readNumbering(_ budget: InflationBudget) throws(ExtractionError) {
        guard let xml = try XMLStream("word/numbering.xml", budget: budget) else { return }
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
