/// How a table of text is written (RFC 4180, and what is written besides it).
public struct Dialect: Sendable, Hashable, Codable {
    /// What stands between two fields: one ASCII character.
    public var delimiter: String
    /// What stands around a field that has delimiters or line ends in it, and twice for itself; nil where nothing does.
    public var quote: String?
    /// Whether the first record names the columns.
    public var hasHeader: Bool

    /// Makes a dialect: commas, double quotes and a header.
    public init(delimiter: String = ",", quote: String? = "\"", hasHeader: Bool = true) {
        self.delimiter = delimiter
        self.quote = quote
        self.hasHeader = hasHeader
    }

    /// The signs as bytes.
    ///
    /// - Throws: `TableError` of the kind `unsupported` for signs that cannot do this.
    func signs() throws(TableError) -> CSVSigns {
        guard let delimiter = Self.sign(delimiter) else {
            throw TableError(.unsupported, "'\(delimiter)' cannot stand between fields: use one ASCII character")
        }
        guard let quote else { return CSVSigns(delimiter: delimiter, quote: CSVSigns.noQuote) }
        guard let sign = Self.sign(quote), sign != delimiter else {
            throw TableError(.unsupported, "'\(quote)' cannot stand around fields: use one ASCII character, or none")
        }
        return CSVSigns(delimiter: delimiter, quote: UInt16(sign))
    }

    private static func sign(_ text: String) -> UInt8? {
        guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte != 0, byte != 0x0A, byte != 0x0D
        else {
            return nil
        }
        return byte
    }
}

/// The signs of a dialect.
struct CSVSigns: Sendable {
    /// What no byte is equal to.
    static let noQuote: UInt16 = 0x100

    let delimiter: UInt8
    let quote: UInt16
}
