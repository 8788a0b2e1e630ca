import JSON

/// One column that is written.
public struct CopyColumn: Sendable, Hashable {
    /// Which field of the record, from 0.
    public var field: Int
    /// The name, for faults.
    public var name: String
    /// The type.
    public var type: ColumnType
    /// Whether the column takes nulls.
    public var isNullable: Bool

    /// Makes a column.
    public init(field: Int, name: String, type: ColumnType, isNullable: Bool = true) {
        self.field = field
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// Writes records as rows of PostgreSQL's `COPY … FROM STDIN` in text format, straight from their bytes, and checks the values as far as that can be
/// done without the server.
public struct CopyWriter: ~Copyable {
    /// The columns, in the order of the `COPY`.
    public let columns: [CopyColumn]

    private let checker: ValueChecker
    private let trims: Bool
    private let nullTexts: [[UInt8]]
    private var row = RowBuffer()

    /// Makes a writer.
    public init(columns: [CopyColumn], rules: ValueRules = ValueRules()) {
        self.columns = columns
        checker = ValueChecker(rules)
        trims = rules.trims
        nullTexts = rules.nullTexts.map { Array($0.utf8) }
    }

    /// Appends the record as a row.
    ///
    /// - Returns: what is wrong with its values. With anything wrong nothing is appended.
    public mutating func append(_ record: borrowing Record, to output: inout [UInt8]) -> [RowFault] {
        var faults: [RowFault] = []
        row.removeAll()
        for index in columns.indices {
            if let fault = write(record, column: index) { faults.append(fault) }
        }
        if faults.isEmpty {
            row.append(0x0A)
            output.append(contentsOf: row.bytes)
        }
        return faults
    }

    /// Writes a field of the record, and a tab before all but the first.
    private mutating func write(_ record: borrowing Record, column index: Int) -> RowFault? {
        let place = columns[index].field
        let field = place < record.count ? record.fields[place] : Record.Field(start: 0, count: 0, kind: .null)
        return record.bytes.withUnsafeBufferPointer { bytes in
            let value = Bytes(rebasing: bytes[Int(field.start)..<Int(field.start &+ field.count)])
            // With the tab, and the end of the row behind its last value.
            row.reserve(value.count * 2 + Self.spare)
            if index > 0 { row.append(0x09) }
            guard let problem = write(value, kind: field.kind, column: index) else { return nil }
            return fault(problem, value, columns[index], record.position)
        }
    }

    /// More than any value takes that is not written as it stands.
    private static let spare = 32

    /// Writes a value; says what is wrong with it.
    private mutating func write(_ value: Bytes, kind: FieldKind, column index: Int) -> ValueProblem? {
        let type = columns[index].type
        // Blanks of a string of JSON are its own where it stays one.
        let keepsBlanks = type.isText || (kind == .string && type == .json)
        let value = trims || !keepsBlanks ? value.trimmed : value
        guard kind != .null, !isNull(value) else {
            guard columns[index].isNullable else { return .null }
            row.append(0x5C)
            row.append(0x4E)
            return nil
        }
        return checker.append(value, kind: kind, type: type, to: &row)
    }

    private func isNull(_ value: Bytes) -> Bool {
        if nullTexts.isEmpty { return false }
        return nullTexts.contains { $0.count == value.count && value.elementsEqual($0) }
    }

    private func fault(_ problem: ValueProblem, _ value: Bytes, _ column: CopyColumn, _ position: Position) -> RowFault
    {
        let text = RowFault.excerpt(value)
        return RowFault(
            problem == .null ? .null : .value, at: position, column: column.field + 1, name: column.name,
            value: problem == .null ? nil : text, reason: problem.reason(text))
    }
}

/// What is wrong with a value.
enum ValueProblem: Equatable {
    /// A null where none is taken.
    case null
    /// It is not what the words say.
    case not(String)
    /// It is what the column holds, but is not within these words.
    case beyond(String)

    func reason(_ value: String) -> String {
        switch self {
        case .null: "the column takes no null"
        case .not(let what): "'\(value)' is not \(what)"
        case .beyond(let what): "'\(value)' is \(what)"
        }
    }
}
