/// One `Allow` or `Disallow` line of a robots.txt.
struct RobotsRule: Sendable, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable { case allow = "Allow", disallow = "Disallow" }

    let kind: Kind
    /// The line of the file, from 1.
    let line: Int
    /// How many octets the rule's path has; of all rules that match, the one with the most decides.
    let length: Int
    private let pattern: RobotsPattern

    /// A rule for a path as it stands in the file; nil for an empty one, which says nothing.
    init?(_ kind: Kind, path: ArraySlice<UInt8>, line: Int) {
        guard let last = path.last else { return nil }
        self.kind = kind
        self.line = line
        let isAnchored = last == UInt8(ascii: "$")
        let form = RobotsText.pattern(isAnchored ? path.dropLast() : path)
        length = form.count + (isAnchored ? 1 : 0)
        pattern = RobotsPattern(form, isAnchored: isAnchored)
    }

    /// The line in its normal form.
    var description: String { "\(kind.rawValue): \(pattern)" }

    /// Whether the rule comes before another one: more octets win, then `Allow`.
    func outranks(_ other: RobotsRule) -> Bool {
        (length, kind == .allow ? 1 : 0) > (other.length, other.kind == .allow ? 1 : 0)
    }

    /// Whether the rule is about a target in its normal form; in time linear in both.
    func matches(_ target: [UInt8]) -> Bool { pattern.matches(target) }
}
