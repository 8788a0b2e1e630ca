/// Where in a table a record begins; reading can be taken up there again.
public struct Position: Sendable, Hashable, Codable {
    /// Bytes of the decoded text before it; of a workbook, rows of the sheet before it.
    public var offset: Int
    /// The line, from 1; of a workbook, the row.
    public var line: Int
    /// The number of the record, from 1, without the header.
    public var number: Int

    /// Makes a position; the start of a table by default.
    public init(offset: Int = 0, line: Int = 1, number: Int = 1) {
        self.offset = offset
        self.line = line
        self.number = number
    }
}

/// What a field is before anybody knows the type of its column.
public enum FieldKind: UInt8, Sendable {
    /// Nothing: an empty field without quotes, `null`, a member or a cell that is not there.
    case null
    /// A text without quotes, which may be anything.
    case bare
    /// A text in quotes, which may be empty.
    case quoted
    /// A string of JSON, which is no number whatever it looks like.
    case string
    /// A text cell of a workbook, which is no number either, but may hold the text of an object or an array.
    case cell
    /// A number of JSON or a number cell.
    case number
    /// `true` or `false`.
    case boolean
    /// The text of an object or an array of JSON.
    case json
}

/// One record: its fields, in buffers that are used again for the next one.
public struct Record {
    struct Field {
        var start: UInt32
        var count: UInt32
        var kind: FieldKind
        /// Whether quotes still stand twice in it.
        var hasPairs = false
    }

    /// Where it begins.
    public internal(set) var position = Position()
    var bytes: [UInt8] = []
    /// As many as there may be columns; those of the record come first.
    var fields: [Field] = []
    /// How many fields the record has.
    public internal(set) var count = 0

    /// What stands in the table and was read as null, with the reason; errors in the cells of workbooks.
    public internal(set) var notes: [RowFault] = []

    /// Makes an empty record.
    public init() {}

    /// How many bytes its fields have.
    public var byteCount: Int { bytes.count }

    /// What the field is.
    public func kind(of index: Int) -> FieldKind { fields[index].kind }

    /// The text of a field; nil for null.
    public func text(of index: Int) -> String? {
        guard fields[index].kind != .null else { return nil }
        return withBytes(of: index) { String(decoding: $0, as: UTF8.self) }
    }

    /// Calls `body` with the bytes of a field, in UTF-8; there are none for null.
    public func withBytes<Result>(of index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let field = fields[index]
        return bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(field.start)..<Int(field.start + field.count)]))
        }
    }

    /// Says that a field is wrong, or with no index the record as a whole, for those who check values themselves.
    public func fault(in index: Int?, name: String? = nil, reason: String) -> RowFault {
        let value = index.flatMap { index in
            index < count && fields[index].kind != .null ? withBytes(of: index) { RowFault.excerpt($0) } : nil
        }
        return RowFault(
            .value, at: position, column: index.map { $0 + 1 }, name: name, value: value, reason: reason)
    }

    /// Empties the record and makes room for so many columns.
    mutating func begin(columns: Int) {
        bytes.removeAll(keepingCapacity: true)
        if !notes.isEmpty { notes = [] }
        count = 0
        if fields.count < columns {
            fields += [Field](
                repeating: Field(start: 0, count: 0, kind: .null), count: columns - fields.count)
        }
    }

    mutating func append(_ text: UnsafeRawBufferPointer, kind: FieldKind) {
        set(text, kind: kind, at: count)
        count += 1
    }

    /// Sets a field whose place is known to be within the columns.
    mutating func set(_ text: UnsafeRawBufferPointer, kind: FieldKind, at index: Int) {
        fields[index] = Field(start: UInt32(bytes.count), count: UInt32(text.count), kind: kind)
        bytes.append(contentsOf: text)
    }

    /// Makes the record so many fields long, with nulls.
    mutating func pad(to columns: Int) {
        while count < columns {
            fields[count] = Field(start: 0, count: 0, kind: .null)
            count += 1
        }
    }
}
