/// Reads a table record by record. It may block, and belongs to one thread at a time.
public protocol RecordReader: AnyObject {
    /// Where the next record begins. A new reader that begins there reads the same rest.
    var position: Position { get }

    /// Reads the next record into `record`, whose buffers are used again.
    ///
    /// - Throws: `TableError` when nothing more can be read.
    func read(into record: inout Record) throws(TableError) -> Reading
}

/// What reading one record came to.
public enum Reading: Sendable, Hashable {
    /// The record is there.
    case record
    /// This row cannot be read; the next ones may.
    case fault(RowFault)
    /// There are no more.
    case end
}

/// What is wrong with one row.
public struct RowFault: Sendable, Hashable, Codable, Error {
    /// What is wrong, for code to branch on.
    public enum Code: String, Sendable, Codable {
        /// More or fewer fields than the table has columns.
        case fieldCount = "field_count"
        /// A quote that is not closed, or closed within a field.
        case quote
        /// Bytes that are no text in the encoding.
        case encoding
        /// A NUL character, which PostgreSQL has no place for.
        case nul
        /// Larger, wider or deeper than a limit.
        case limit
        /// No valid JSON, or no object.
        case json
        /// A value that the column's type does not have.
        case value
        /// A null in a column that takes none.
        case null
    }

    /// What is wrong.
    public var code: Code
    /// Where the row begins.
    public var position: Position
    /// The line of what is wrong, which may be a later one of the row's.
    public var line: Int
    /// The field, from 1; nil when the row as a whole is wrong.
    public var column: Int?
    /// The name of the column, where it is known.
    public var name: String?
    /// The value, cut after 200 bytes; nil when the row as a whole is wrong.
    public var value: String?
    /// A sentence for people.
    public var reason: String

    /// Makes a fault.
    public init(
        _ code: Code, at position: Position, line: Int? = nil, column: Int? = nil, name: String? = nil,
        value: String? = nil, reason: String
    ) {
        self.code = code
        self.position = position
        self.line = line ?? position.line
        self.column = column
        self.name = name
        self.value = value
        self.reason = reason
    }

    /// The beginning of a value, as faults show it: text that the database can hold.
    static func excerpt(_ bytes: some BidirectionalCollection<UInt8>) -> String {
        guard bytes.count > 200 else { return text(bytes) }
        // The character at the cut, which may be half of one, is left out.
        let start = bytes.prefix(201).lastIndex { $0 & 0xC0 != 0x80 } ?? bytes.startIndex
        return text(bytes[..<start]) + "…"
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
    }
}

/// How large the parts of a table may be. What is larger is the fault of its row, and is passed over in bounded memory.
public struct ReadingLimits: Sendable, Hashable, Codable {
    /// Bytes of a record; a GiB at most.
    public var recordBytes: Int
    /// Bytes of a field.
    public var fieldBytes: Int
    /// Fields of a record; PostgreSQL has no more than 1,600 columns.
    public var columns: Int
    /// Arrays and objects of JSON in each other.
    public var depth: Int

    /// Makes limits.
    public init(recordBytes: Int = 16 << 20, fieldBytes: Int = 16 << 20, columns: Int = 1600, depth: Int = 64) {
        self.recordBytes = recordBytes
        self.fieldBytes = fieldBytes
        self.columns = columns
        self.depth = depth
    }

    /// Places in a record are counted in 32 bits.
    var mostRecordBytes: Int { min(recordBytes, 1 << 30) }
}

/// What becomes of bytes that are no text in the encoding.
public enum BadBytes: String, Sendable, Codable {
    /// Their row is at fault.
    case reject
    /// Each becomes U+FFFD.
    case replace
}
