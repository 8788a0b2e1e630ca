import Concurrency
import JSON
import Jobs
import Tabular
import WorkerKit

/// Reads a table on a thread of its own, a batch at a time.
actor TableReading {
    /// How much of the source's fields a batch may have been made of: those of rows that the server refuses are read again, all at once.
    private static let mostSourceBytes = 32 << 20
    /// About as much as is kept of a fault.
    private static let faultBytes = 512

    private var file: TableFile
    private let executor = ThreadExecutor(name: "import", stackSize: 1 << 20)
    private var reading: (reader: any RecordReader, writer: any RowWriter, size: BatchSize)?
    private var layout: TableLayout?
    /// The places of fields that are shown to nobody.
    private var secrets: Set<Int> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ file: TableFile) { self.file = file }

    deinit { executor.stop() }

    /// Finds out what the file is.
    ///
    /// - Parameter names: the columns that are looked for, in their plain form. A first row that has them names the columns, whatever the others
    ///   look like; members of objects that have them are looked for in the whole file.
    /// - Throws: `TableError`, or `CancellationError`.
    func findLayout(naming names: Set<String>) throws -> TableLayout {
        var found = try file.layout { keys in Task.isCancelled || names.isSubset(of: keys.map(\.plain)) }
        if Task.isCancelled { throw CancellationError() }
        layout = found
        if file.settings.hasHeader == nil, found.dialect?.hasHeader == false,
            let first = try fields(at: [found.start])[found.start.number],
            first.filter({ $0.map { names.contains($0.plain) } ?? false }).count * 2 > first.count
        {
            var settings = file.settings
            settings.hasHeader = true
            file = TableFile(path: file.path, settings: settings)
            found = try file.layout()
            layout = found
        }
        return found
    }

    /// What the columns look like by the first rows.
    func guess() throws(TableError) -> [ColumnGuess] {
        guard let layout else { preconditionFailure("the layout is found first") }
        return try file.guess(layout).columns
    }

    /// Begins to read rows for a target.
    func begin(for target: any ImportTarget, at position: Position?) throws(TableError) {
        guard let layout else { preconditionFailure("the layout is found first") }
        secrets = Set(target.places.filter(\.isSecret).map(\.field))
        reading = (try file.reader(layout, at: position), target.writer(), target.batch)
    }

    /// The next rows; what is wrong with a row is in the batch.
    ///
    /// - Parameter mostRejected: the batch ends with the row that is one too many.
    func next(mostRejected: Int) throws(TableError) -> ImportBatch {
        guard let (reader, writer, size) = reading else { preconditionFailure("reading has begun") }
        var batch = ImportBatch()
        var record = Tabular.Record()
        // Of rejected rows every field is kept, so they are bounded by bytes as the others are.
        var (rejectedBytes, sourceBytes) = (0, 0)
        batch.end = reader.position
        while batch.rows.count < size.rows, batch.text.count + rejectedBytes < size.bytes,
            sourceBytes < Self.mostSourceBytes, batch.rejected.count <= mostRejected
        {
            switch try reader.read(into: &record) {
            case .record:
                let start = batch.text.count
                sourceBytes += record.byteCount
                let faults = writer.append(record, to: &batch.text)
                if faults.isEmpty {
                    batch.rows.append(ImportBatch.Row(start: start, position: record.position))
                } else {
                    batch.rejected.append(RejectedRow(faults, fields: fields(of: record)))
                    rejectedBytes += record.byteCount + faults.count * Self.faultBytes
                }
            case .fault(let fault):
                batch.rejected.append(RejectedRow([shown(fault)], fields: nil))
                rejectedBytes += Self.faultBytes
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
                found[record.position.number] = fields(of: record)
            }
        }
        return found
    }

    private func fields(of record: Tabular.Record) -> [String?] {
        (0..<record.count).map {
            secrets.contains($0) && record.kind(of: $0) != .null ? Redaction.mask : record.text(of: $0)
        }
    }

    /// A row that could not be read is shown by what stands in it, unless that may be secret.
    private func shown(_ fault: RowFault) -> RowFault {
        guard !secrets.isEmpty else { return fault }
        var fault = fault
        fault.value = nil
        return fault
    }
}
