import Concurrency
import Jobs
import Tabular
import WorkerKit

/// Rows that are loaded together.
struct ImportBatch: Sendable {
    /// Where a row stands.
    struct Row: Sendable {
        /// Where it begins in the text.
        let start: Int
        /// Where it begins in the source.
        let position: Position
    }

    /// The rows in COPY's text format.
    var text: [UInt8] = []
    var rows: [Row] = []
    var rejected: [RejectedRow] = []
    /// Where the source goes on.
    var end = Position()
    var isLast = false

    /// Its two halves; nil when it has one row.
    var halves: (ImportBatch, ImportBatch)? {
        guard rows.count > 1 else { return nil }
        let middle = rows.count / 2
        let (place, start) = (rows[middle].position, rows[middle].start)
        var (first, second) = (ImportBatch(), ImportBatch())
        first.text = Array(text[..<start])
        first.rows = Array(rows[..<middle])
        first.rejected = rejected.filter { $0.number < place.number }
        first.end = place
        second.text = Array(text[start...])
        second.rows = rows[middle...].map { Row(start: $0.start - start, position: $0.position) }
        second.rejected = rejected.filter { $0.number >= place.number }
        (second.end, second.isLast) = (end, isLast)
        return (first, second)
    }

    /// The bytes of some of the rows.
    func bytes(of range: Range<Int>) -> Range<Int> {
        rows[range.lowerBound].start..<(range.upperBound < rows.count ? rows[range.upperBound].start : text.count)
    }
}

/// Reads a table on a thread of its own, a batch at a time.
actor TableReading {
    private static let batchRows = 20_000
    private static let batchBytes = 4 << 20

    private var file: TableFile
    private let executor = ThreadExecutor(name: "import", stackSize: 1 << 20)
    private var reading: (reader: any RecordReader, writer: RowWriter)?
    private var layout: TableLayout?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ file: TableFile) { self.file = file }

    deinit { executor.stop() }

    /// Finds out what the file is.
    ///
    /// - Parameter names: the columns that are looked for, in their plain form. A first row that has them names the columns, whatever the others
    ///   look like.
    func findLayout(naming names: Set<String>) throws(TableError) -> TableLayout {
        var found = try file.layout()
        layout = found
        if file.settings.hasHeader == nil, found.dialect?.hasHeader == false,
            let first = try fields(at: [found.start])[found.start.number],
            first.filter({ $0.map { names.contains(ImportTarget.plain($0)) } ?? false }).count * 2 > first.count
        {
            var settings = file.settings
            settings.hasHeader = true
            file = TableFile(path: file.path, settings: settings)
            found = try file.layout()
            layout = found
        }
        return found
    }

    /// What the columns look like, and what is wrong with the first rows.
    func guess() throws(TableError) -> (columns: [ColumnGuess], faults: [RowFault]) {
        guard let layout else { preconditionFailure("the layout is found first") }
        return try file.guess(layout)
    }

    /// Begins to read rows for these columns.
    func begin(_ columns: [CopyColumn], rules: ValueRules, at position: Position?) throws(TableError) {
        guard let layout else { preconditionFailure("the layout is found first") }
        reading = (try file.reader(layout, at: position), RowWriter(columns: columns, rules: rules))
    }

    /// The next rows; what is wrong with a row is in the batch.
    ///
    /// - Parameter mostRejected: the batch ends with the row that is one too many.
    func next(mostRejected: Int) throws(TableError) -> ImportBatch {
        guard let (reader, writer) = reading else { preconditionFailure("reading has begun") }
        var batch = ImportBatch()
        var record = Tabular.Record()
        batch.end = reader.position
        while batch.rows.count < Self.batchRows, batch.text.count < Self.batchBytes,
            batch.rejected.count <= mostRejected
        {
            switch try reader.read(into: &record) {
            case .record:
                let start = batch.text.count
                let faults = writer.append(record, to: &batch.text)
                if faults.isEmpty {
                    batch.rows.append(ImportBatch.Row(start: start, position: record.position))
                } else {
                    batch.rejected.append(RejectedRow(faults, fields: Self.fields(of: record)))
                }
            case .fault(let fault): batch.rejected.append(RejectedRow([fault], fields: nil))
            case .end: batch.isLast = true
            }
            batch.end = reader.position
            if batch.isLast { break }
        }
        return batch
    }

    /// The fields of the rows that begin at these positions, which are in their order, by their numbers; without those that cannot be read.
    func fields(at positions: [Position]) throws(TableError) -> [Int: [String?]] {
        guard let layout else { preconditionFailure("the layout is found first") }
        guard let first = positions.first, let last = positions.last else { return [:] }
        let wanted = Set(positions.map(\.number))
        let reader = try file.reader(layout, at: first)
        var record = Tabular.Record()
        var found: [Int: [String?]] = [:]
        while found.count < wanted.count, reader.position.number <= last.number {
            let reading = try reader.read(into: &record)
            if reading == .end { break }
            if reading == .record, wanted.contains(record.position.number) {
                found[record.position.number] = Self.fields(of: record)
            }
        }
        return found
    }

    private static func fields(of record: Tabular.Record) -> [String?] {
        (0..<record.count).map { record.text(of: $0) }
    }
}

/// A writer that can be kept.
private final class RowWriter {
    private var writer: CopyWriter

    init(columns: [CopyColumn], rules: ValueRules) { writer = CopyWriter(columns: columns, rules: rules) }

    func append(_ record: borrowing Tabular.Record, to output: inout [UInt8]) -> [RowFault] {
        writer.append(record, to: &output)
    }
}

extension RejectedRow {
    /// A row with what is wrong in it: where the first fault is, and the reasons of all.
    init(_ faults: [RowFault], fields: [String?]?) {
        let first = faults[0]
        let reasons = faults.map { fault in
            fault.name.map { faults.count > 1 ? "\($0): \(fault.reason)" : fault.reason } ?? fault.reason
        }
        self.init(
            number: Int64(first.position.number), line: Int64(first.line), name: first.name, value: first.value,
            reason: reasons.joined(separator: "; "), fields: fields)
    }
}
