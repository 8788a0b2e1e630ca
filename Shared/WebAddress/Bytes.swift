/// ASCII by name, and what a byte means in a URL.
extension UInt8 {
    static let slash = UInt8(ascii: "/")
    static let backslash = UInt8(ascii: "\\")
    static let question = UInt8(ascii: "?")
    static let hash = UInt8(ascii: "#")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let ampersand = UInt8(ascii: "&")
    static let equals = UInt8(ascii: "=")
    static let at = UInt8(ascii: "@")
    static let percent = UInt8(ascii: "%")
    static let dot = UInt8(ascii: ".")
    static let opening = UInt8(ascii: "[")
    static let closing = UInt8(ascii: "]")

    var isDigit: Bool { self &- 0x30 < 10 }
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// Special schemes take both.
    var isSlash: Bool { self == .slash || self == .backslash }
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit; nil for any other byte.
    var hexValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}

extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// The byte that a percent-encoding at the index stands for; nil when none stands there.
    func escaped(at index: Int) -> UInt8? {
        guard index + 2 < endIndex, self[index] == .percent,
            let high = self[index + 1].hexValue, let low = self[index + 2].hexValue
        else { return nil }
        return high << 4 | low
    }
}

extension [UInt8] {
    /// Appends `%` and two digits in upper case.
    mutating func appendEscape(_ byte: UInt8) {
        append(.percent)
        append(Self.digits[Int(byte >> 4)])
        append(Self.digits[Int(byte & 15)])
    }

    /// Appends bytes, percent-encoding those that do not stand for themselves; percent signs stay as they are.
    mutating func appendEncoded(_ bytes: some Sequence<UInt8>, plain: ByteSet) {
        for byte in bytes {
            if plain.contains(byte) { append(byte) } else { appendEscape(byte) }
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
