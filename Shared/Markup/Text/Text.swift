extension String {
    /// The words of a text with one space between them.
    package func collapsingWhitespace() -> String {
        unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map(String.init).joined(separator: " ")
    }
}

extension String {
    /// The first so many Unicode scalars.
    package func cut(to count: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(count))) }
}

extension String {
    /// With something else for each newline. Most texts have none, and to look for it as a character takes longer than all the rest.
    func replacingNewlines(with text: String) -> String {
        utf8.contains(0x0A) ? replacing("\n", with: text) : self
    }
}

extension UInt8 {
    /// Whether a byte of UTF-8 begins a scalar.
    package var startsScalar: Bool { self & 0xC0 != 0x80 }
    /// Blank in ASCII.
    package var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    /// A control character that no text needs; PostgreSQL refuses NUL, terminals obey the rest.
    package var isUnwantedControl: Bool { (self < 0x20 && self != 0x0A && self != 0x09) || self == 0x7F }
}

extension Sequence<UInt8> {
    /// The number of Unicode scalars in valid UTF-8.
    package var scalarCount: Int { reduce(into: 0) { $0 += $1.startsScalar ? 1 : 0 } }
}
