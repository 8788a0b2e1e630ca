/// The form of a table.
public enum TableFormat: String, Sendable, Codable, CaseIterable {
    case csv
    /// An object on each line.
    case jsonLines = "jsonl"
    /// One array of objects.
    case jsonArray = "json"
    case xlsx
}

/// What is told about a table; whatever is nil is found out.
public struct TableSettings: Sendable, Hashable, Codable {
    /// The form.
    public var format: TableFormat?
    /// The encoding of the text, by the name that IANA has for it.
    public var encoding: String?
    /// What stands between two fields of CSV.
    public var delimiter: String?
    /// What stands around fields of CSV; empty for nothing.
    public var quote: String?
    /// Whether the first record names the columns.
    public var hasHeader: Bool?
    /// The sheet of a workbook: its name, or its number from 1; nil for the first.
    public var sheet: String?
    /// What rows must keep.
    public var rules: RowRules
    /// How the texts are to be understood when types are guessed.
    public var values: ValueRules
    /// How large rows may be.
    public var limits: ReadingLimits
    /// How much a compressed file may become.
    public var inflation: InflationLimits

    /// Makes settings; all is found out by default.
    public init(
        format: TableFormat? = nil, encoding: String? = nil, delimiter: String? = nil, quote: String? = nil,
        hasHeader: Bool? = nil, sheet: String? = nil, rules: RowRules = RowRules(), values: ValueRules = ValueRules(),
        limits: ReadingLimits = ReadingLimits(), inflation: InflationLimits = InflationLimits()
    ) {
        self.format = format
        self.encoding = encoding
        self.delimiter = delimiter
        self.quote = quote
        self.hasHeader = hasHeader
        self.sheet = sheet
        self.rules = rules
        self.values = values
        self.limits = limits
        self.inflation = inflation
    }
}

/// What was found out about a table: all that is needed to read it again, from the start or from a checkpoint.
public struct TableLayout: Sendable, Hashable, Codable {
    /// The form.
    public let format: TableFormat
    /// Whether the file is compressed.
    public let isCompressed: Bool
    /// The encoding; nil for a workbook.
    public let encoding: TextEncoding?
    /// How CSV is written; nil for other forms. Of a workbook, whether there is a header stands here, too.
    public let dialect: Dialect?
    /// The name of the sheet.
    public let sheet: String?
    /// The names of the columns, none empty, none twice.
    public let columns: [String]
    /// What was changed or left out to get there, in sentences.
    public let notes: [String]
    /// Where the first record begins, behind the header.
    public let start: Position
}
