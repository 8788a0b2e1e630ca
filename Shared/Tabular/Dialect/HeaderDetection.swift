import Markup

/// Whether the first record of a table names its columns, and how they are called.
enum HeaderDetection {
    /// A name longer than this is more likely a text.
    private static let longestName = 128

    /// By the types, which a column's name does not share with its values; by the names themselves where all columns are texts.
    static func hasHeader(_ rows: [[String?]]) -> Bool {
        guard let first = rows.first else { return false }
        let names = first.compactMap { $0 }.filter { !$0.isEmpty }
        guard !names.isEmpty, names.allSatisfy(isName) else {
            return false
        }
        let rest = rows.dropFirst()
        for column in first.indices {
            let values = rest.compactMap { $0.indices.contains(column) ? $0[column] : nil }.filter { !$0.isEmpty }
            if !values.isEmpty, values.allSatisfy({ kind(of: $0) != .text }) { return true }
        }
        let isUnique = Set(names.map { $0.lowercased() }).count == first.count
        // A name does not stand among the values of its column again.
        return isUnique
            && !first.indices.contains { column in
                rest.contains { $0.indices.contains(column) && $0[column] == first[column] }
            }
    }

    private static func isName(_ text: String) -> Bool {
        // One letter may be a name, and a word for true or false.
        guard text.utf8.count > 1 else { return text.utf8.allSatisfy { !$0.isDigit } }
        return text.utf8.count <= longestName && kind(of: text) == .text
    }

    private static func kind(of text: String) -> GuessedType {
        var text = text
        return text.withUTF8 {
            ValueForms($0, kind: .bare, checker: ValueChecker(ValueRules()), rules: ValueRules()).narrowest
        }
    }

    /// The names of so many columns, none empty, none twice; with a sentence for each that had to be changed.
    static func columns(_ header: [String?], count: Int) -> (names: [String], notes: [String]) {
        var names: [String] = []
        var notes: [String] = []
        var used: Set<String> = []
        for column in 0..<count {
            let told = column < header.count ? header[column]?.trimmingBlanks() ?? "" : ""
            let wanted = told.isEmpty ? "column_\(column + 1)" : told
            var name = wanted
            var suffix = 2
            while used.contains(name) {
                name = "\(wanted)_\(suffix)"
                suffix += 1
            }
            used.insert(name)
            names.append(name)
            if told.isEmpty && !header.isEmpty {
                notes.append("column \(column + 1) has no name in the header: it is called '\(name)'")
            } else if name != wanted {
                notes.append(
                    "the name '\(wanted)' stands in the header twice: column \(column + 1) is called '\(name)'")
            }
        }
        return (names, notes)
    }
}
