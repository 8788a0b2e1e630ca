/// What stands before the items of a list.
enum ListMark {
    private static let bullets = Set("•◦▪▫‣·●○■□➢➤✓–—-*".unicodeScalars)

    /// Whether a text is nothing but a mark.
    static func isMark(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        if scalars.count == 1, let only = scalars.first {
            return bullets.contains(only) || only.properties.generalCategory == .privateUse
        }
        return isNumber(text[...])
    }

    /// The mark with which a line begins, and what follows.
    static func split(_ text: String) -> (mark: String, rest: String)? {
        guard let blank = text.utf8.prefix(8).firstIndex(of: 0x20) else { return nil }
        let mark = String(text[..<blank])
        guard isMark(mark) else { return nil }
        let rest = text[blank...].drop { $0 == " " }
        return rest.isEmpty ? nil : (mark, String(rest))
    }

    /// `1.`, `12)`, `(3)`, `a)`; not `1.2` and not the single letter with a full stop, which begins a name.
    private static func isNumber(_ mark: Substring) -> Bool {
        var core = mark.utf8[...]
        guard core.count <= 5, let last = core.popLast() else { return false }
        let isBracket = last == UInt8(ascii: ")")
        guard isBracket || last == UInt8(ascii: ".") else { return false }
        if isBracket, core.first == UInt8(ascii: "(") { core = core.dropFirst() }
        guard let first = core.first else { return false }
        if core.allSatisfy({ (0x30...0x39).contains($0) }) { return core.count <= 3 }
        return isBracket && core.count == 1 && ((0x61...0x7A).contains(first) || (0x41...0x5A).contains(first))
    }

    /// Whether a mark is the number of a note: without the sign that one of a list has.
    static func isNote(_ mark: String) -> Bool {
        (1...3).contains(mark.utf8.count) && mark.unicodeScalars.allSatisfy(\.isDigit)
    }

    /// The number of an ordered item.
    static func number(_ mark: String) -> Int? { Int(mark.filter(\.isNumber)) }
}

extension Unicode.Scalar {
    /// Whether it is one of `0` to `9`.
    var isDigit: Bool { ("0"..."9").contains(self) }
}
