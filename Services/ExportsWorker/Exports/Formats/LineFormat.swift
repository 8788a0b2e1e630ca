import Postgres

/// A format whose files are lines, one for each row.
protocol LineFormat {
    /// How COPY is asked for the rows.
    var copyOptions: SQLText { get }
    /// The query as the format wants its rows.
    func rows(of query: SQLText) -> SQLText
    /// Goes on with a table.
    mutating func begin(_ table: ExportTable)
    /// What a file begins with.
    func beginning(of table: ExportTable) -> [UInt8]
    /// Appends a row to the bytes of a file.
    mutating func append(_ row: UnsafeRawBufferPointer, isFirst: Bool, to bytes: inout [UInt8])
    /// What a file ends with.
    func ending(isEmpty: Bool) -> [UInt8]
    /// How many texts a spreadsheet would have run as a formula.
    var neutralised: Int { get }
}

extension LineFormat {
    mutating func begin(_ table: ExportTable) {}
    func rows(of query: SQLText) -> SQLText { query }
    func ending(isEmpty: Bool) -> [UInt8] { [] }
    var neutralised: Int { 0 }
}

/// Writes tables as files of lines: a file for each, or several where they are to be split.
final class LineWriter<Format: LineFormat>: TableWriter {
    private static var chunk: Int { 256 << 10 }

    private(set) var format: Format
    private let output: any FileOutput
    private let limits: PartLimits
    private var table: ExportTable?
    private var bytes: [UInt8] = []
    private var rows = 0
    private var counted = 0
    private var written = 0

    init(_ format: Format, limits: PartLimits, output: any FileOutput) {
        self.format = format
        self.limits = limits
        self.output = output
        bytes.reserveCapacity(Self.chunk * 2)
    }

    var copyOptions: SQLText { format.copyOptions }
    var neutralised: Int { format.neutralised }

    func rows(of query: SQLText) -> SQLText { format.rows(of: query) }

    func begin(_ table: ExportTable) throws {
        self.table = table
        format.begin(table)
        try beginFile()
    }

    func add(_ row: UnsafeRawBufferPointer) throws {
        if rows >= limits.rows || written + bytes.count >= limits.bytes {
            try endFile()
            try beginFile()
        }
        format.append(row, isFirst: rows == 0, to: &bytes)
        rows += 1
        if bytes.count >= Self.chunk { try flush() }
    }

    func end() throws {
        try endFile()
        table = nil
    }

    func finish() throws {}

    private func beginFile() throws {
        guard let table else { preconditionFailure("a row belongs to a table") }
        try output.begin(table: table.name)
        (rows, counted, written) = (0, 0, 0)
        bytes += format.beginning(of: table)
    }

    private func endFile() throws {
        bytes += format.ending(isEmpty: rows == 0)
        try flush()
        try output.end(rows: rows)
    }

    private func flush() throws {
        guard !bytes.isEmpty else { return }
        try output.append(bytes)
        try output.count(rows: rows - counted)
        counted = rows
        written += bytes.count
        bytes.removeAll(keepingCapacity: true)
    }
}

/// When a file is full.
struct PartLimits: Sendable {
    var rows = Int.max
    /// Before compression; a file ends with the row that reaches it.
    var bytes = Int.max
}
