/// The values of one field of a cron expression.
struct CronField: Sendable, Hashable {
    /// What a field may hold.
    struct Kind: Sendable {
        let name: String
        let range: ClosedRange<Int>
        /// Words in the place of the first numbers, in order.
        var words: [String] = []
        /// The number that the first word stands for.
        var firstWord = 0

        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let day = Kind(name: "day of month", range: 1...31)
        static let month = Kind(
            name: "month", range: 1...12,
            words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], firstWord: 1)
        /// 0 and 7 are both Sunday, so that a range may end or begin with it.
        static let weekday = Kind(
            name: "day of week", range: 0...7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    }

    /// Bit n is set for the value n.
    private var bits: UInt64 = 0
    /// Whether the text begins with `*`, also in `*/2`: this decides how the two fields of days go together.
    let beginsWithStar: Bool

    init(_ text: Substring, _ kind: Kind) throws(CronError) {
        beginsWithStar = text.first == "*"
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let range = try Self.range(parts[0], kind, item: item)
            var step = 1
            if parts.count == 2 {
                guard parts[0] == "*" || parts[0].contains("-") else {
                    throw CronError(
                        kind, item, "a step needs a range or * before it, such as 5-\(kind.range.upperBound)/10")
                }
                step = try Self.number(parts[1], kind, item: item)
                guard (1...kind.range.upperBound).contains(step) else {
                    throw CronError(kind, item, "a step must be 1 to \(kind.range.upperBound)")
                }
            }
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { insert(value, kind) }
        }
    }

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    func values(in range: ClosedRange<Int>) -> [Int] { range.filter(contains) }

    private mutating func insert(_ value: Int, _ kind: Kind) {
        bits |= 1 << UInt64(kind.range == Kind.weekday.range ? value % 7 : value)
    }

    private static func range(
        _ text: Substring, _ kind: Kind, item: Substring
    ) throws(CronError) -> ClosedRange<Int> {
        if text == "*" { return kind.range == Kind.weekday.range ? 0...6 : kind.range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw CronError(kind, item, "a range has two ends") }
        let first = try value(ends[0], kind, item: item)
        guard ends.count == 2 else { return first...first }
        var last = try value(ends[1], kind, item: item)
        // As the end of a range, Sunday comes after Saturday.
        if kind.range == Kind.weekday.range, last == 0, first > 0 { last = 7 }
        guard first <= last else { throw CronError(kind, item, "a range must not go backwards") }
        return first...last
    }

    private static func value(_ text: Substring, _ kind: Kind, item: Substring) throws(CronError) -> Int {
        if let word = kind.words.firstIndex(of: text.lowercased()) { return word + kind.firstWord }
        let value = try number(text, kind, item: item)
        guard kind.range.contains(value) else {
            throw CronError(kind, item, "\(value) is not \(kind.range.lowerBound) to \(kind.range.upperBound)")
        }
        return value
    }

    private static func number(_ text: Substring, _ kind: Kind, item: Substring) throws(CronError) -> Int {
        // Not Int's own reading, which takes a sign.
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int(text)
        else {
            let words = kind.words.isEmpty ? "" : ", or one of \(kind.words.joined(separator: ", "))"
            throw CronError(
                kind, item,
                "a number from \(kind.range.lowerBound) to \(kind.range.upperBound) is expected\(words)")
        }
        return value
    }
}

/// A text that is no cron expression.
public struct CronError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, in a sentence.
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ kind: CronField.Kind, _ item: Substring, _ message: String) {
        description = "the field \(kind.name), at \"\(item)\": \(message)"
    }
}
