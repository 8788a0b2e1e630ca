/// The words of a command line, read against the options that the command has.
///
/// `--name value` and `--name=value` are the same. An option that is given twice has its last value.
struct Arguments: Sendable {
    /// The words that belong to no option.
    let words: [String]
    private let values: [String: String]
    private let switches: Set<String>

    init(_ line: [String], of command: Command) throws(UsageError) {
        var (words, values, switches): ([String], [String: String], Set<String>) = ([], [:], [])
        var rest = line[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                words.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = command.options.first(where: { $0.name == parts[0] }) else {
                let known = command.options.map(\.name)
                throw UsageError(
                    "\(command.name) has no option \(parts[0])", suggestion: nearest(to: parts[0], in: known))
            }
            guard option.value != nil else {
                guard parts.count == 1 else { throw UsageError("\(option.name) takes no value") }
                switches.insert(option.name)
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw UsageError("\(option.name) needs a value: \(option.name) \(option.value ?? "")")
            }
            values[option.name] = value
        }
        guard words.isEmpty || !command.words.isEmpty else { throw UsageError("\(command.name) takes no \(words[0])") }
        (self.words, self.values, self.switches) = (words, values, switches)
    }

    /// Whether a switch was given.
    func has(_ name: String) -> Bool { switches.contains(name) }

    /// The value of an option.
    func value(_ name: String) -> String? { values[name] }

    /// The value of an option as a whole number within `range`.
    func int(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("\(name) is \(text); it must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// The word that was most likely meant; nil when none is near.
func nearest(to word: String, in known: [String]) -> String? {
    let ranked = known.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
    guard let (best, edits) = ranked, edits <= 2, edits < best.count else { return nil }
    return best
}

/// How many letters have to be added, removed or changed (Levenshtein).
private func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (i, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in right.enumerated() {
            let change = diagonal + (letter == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(change, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
