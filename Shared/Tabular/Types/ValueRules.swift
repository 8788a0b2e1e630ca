/// In which order a date has its parts, where it is not written as ISO 8601; that is always understood.
public enum DateOrder: String, Sendable, Codable {
    /// `YYYY-MM-DD` only.
    case iso
    /// `DD.MM.YYYY`, also with `/` or `-` between.
    case dayMonthYear = "dmy"
    /// `MM/DD/YYYY`, also with `.` or `-` between.
    case monthDayYear = "mdy"
}

/// How the texts of a table are to be understood.
public struct ValueRules: Sendable, Hashable, Codable {
    /// Whether blanks around a text are left out; around values of other types they always are.
    public var trims: Bool
    /// Texts that mean null, quoted or not, such as `NULL` or `-`.
    public var nullTexts: [String]
    /// Whether the sign before the fraction is a comma; points may then stand between groups of three digits.
    public var decimalComma: Bool
    /// How dates are written besides ISO 8601.
    public var dateOrder: DateOrder
    /// Words for true, in any case of letters; instead of PostgreSQL's.
    public var trueWords: [String]
    /// Words for false, in any case of letters; instead of PostgreSQL's.
    public var falseWords: [String]

    /// What PostgreSQL takes for true.
    public static let trueWords = ["true", "t", "yes", "y", "on", "1"]
    /// What PostgreSQL takes for false.
    public static let falseWords = ["false", "f", "no", "n", "off", "0"]

    /// Makes rules: PostgreSQL's own by default.
    public init(
        trims: Bool = false, nullTexts: [String] = [], decimalComma: Bool = false, dateOrder: DateOrder = .iso,
        trueWords: [String] = trueWords, falseWords: [String] = falseWords
    ) {
        self.trims = trims
        self.nullTexts = nullTexts
        self.decimalComma = decimalComma
        self.dateOrder = dateOrder
        self.trueWords = trueWords
        self.falseWords = falseWords
    }
}

/// The bytes of a value.
typealias Bytes = UnsafeBufferPointer<UInt8>

extension Bytes {
    /// Without the blanks at both ends.
    var trimmed: Bytes {
        var (start, end) = (0, count)
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return Bytes(rebasing: self[start..<end])
    }

    /// Whether the bytes are this text, which is in small letters, in any case of ASCII letters.
    func isWord(_ word: [UInt8]) -> Bool {
        guard count == word.count else { return false }
        for index in 0..<count where self[index].lowercased != word[index] { return false }
        return true
    }

    func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index].lowercased != word.utf8Start[index] { return false }
        return true
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isHexDigit: Bool { isDigit || (lowercased >= 0x61 && lowercased <= 0x66) }
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
