/// Names of sheets: at most 31 characters without `[]:*?/\`, apostrophes and control characters, and no two the same but for case.
struct SheetNames {
    private static let most = 31
    private static let forbidden = Set<Character>(["[", "]", ":", "*", "?", "/", "\\"])

    private var taken: Set<String> = []

    /// The next sheet's name for a table: its name, then with a number in brackets.
    mutating func next(for table: String) -> String {
        var base = String(table.map { Self.forbidden.contains($0) || $0 == "'" || $0.isControl ? "_" : $0 })
        // Excel keeps the name for itself.
        if base.isEmpty || base.lowercased() == "history" { base += "_" }
        var number = 1
        while true {
            let suffix = number == 1 ? "" : " (\(number))"
            let name = Self.cut(base, to: Self.most - suffix.utf16.count) + suffix
            if taken.insert(name.lowercased()).inserted { return name }
            number += 1
        }
    }

    private static func cut(_ text: String, to units: Int) -> String {
        var result = ""
        for character in text where result.utf16.count + character.utf16.count <= units { result.append(character) }
        return result
    }
}

extension Character {
    /// Whether it has a control character in it, among them every end of a line.
    var isControl: Bool { isNewline || unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }
}
