import Foundation

/// The footnotes and endnotes of HTML and EPUB, counted in the order in which they are referred to.
///
/// References are known by the roles of DPUB-ARIA (`doc-noteref`), by EPUB's types (`noteref`), and by what cmark-gfm and Pandoc write;
/// notes by their roles, or because a reference leads to them.
struct HTMLNotes {
    private static let references: Set<Substring> = ["doc-noteref", "noteref"]
    private static let backlinks: Set<Substring> = ["doc-backlink", "backlink"]
    private static let notes: Set<Substring> = ["doc-footnote", "doc-endnote", "footnote", "endnote", "rearnote"]

    /// The file of a book that is read: its notes may stand in another one.
    var part = ""
    private let resolve: (String, String) -> String
    /// By file and id.
    private var numbers: [String: Int] = [:]

    init(resolve: @escaping (_ target: String, _ part: String) -> String) { self.resolve = resolve }

    /// The number of the note that a link refers to; nil for any other link.
    mutating func reference(_ link: HTMLNode) -> Int? {
        guard
            Self.has(link, Self.references) || Self.isOfClass(link, ["footnote-ref"])
                || link["data-footnote-ref"] != nil,
            let target = link["href"], let mark = target.firstIndex(of: "#")
        else { return nil }
        let file = String(target[..<mark])
        let place = file.isEmpty ? part : resolve(file.removingPercentEncoding ?? file, part)
        return number(place, String(target[target.index(after: mark)...]))
    }

    /// Whether a link only leads from a note to where it is referred to.
    static func isBacklink(_ link: HTMLNode) -> Bool {
        has(link, backlinks) || isOfClass(link, ["footnote-back", "footnote-backref"])
            || link["data-footnote-backref"] != nil
    }

    /// The number of the note that an element is; nil for any other element.
    mutating func note(_ element: HTMLNode) -> Int? {
        guard let id = element["id"] else { return nil }
        if let number = numbers[Self.key(part, id)] { return number }
        return Self.has(element, Self.notes) ? number(part, id) : nil
    }

    private mutating func number(_ part: String, _ id: String) -> Int {
        let key = Self.key(part, id)
        let number = numbers[key] ?? numbers.count + 1
        numbers[key] = number
        return number
    }

    private static func key(_ part: String, _ id: String) -> String { "\(part)#\(id)" }

    private static func has(_ element: HTMLNode, _ roles: Set<Substring>) -> Bool {
        ["role", "epub:type"].contains { element[$0]?.split(separator: " ").contains(where: roles.contains) ?? false }
    }

    private static func isOfClass(_ element: HTMLNode, _ classes: Set<Substring>) -> Bool {
        element["class"]?.split(separator: " ").contains(where: classes.contains) ?? false
    }
}
