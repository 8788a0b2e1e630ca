/// Reads JSON Lines: an object on each line, whose members are fields by their keys. Empty lines are no records.
public final class JSONLinesReader: RecordReader {
    /// Where the next record begins.
    public private(set) var position: Position

    private let row: JSONRow
    private let limits: ReadingLimits
    private var window: ByteWindow

    /// Makes a reader of UTF-8 from `position` on; `columns` are the keys, in the order that fields are to have.
    public convenience init(
        _ source: any ByteSource, columns: [String], at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules()
    ) {
        self.init(source, columns: columns, at: position, limits: limits, rules: rules, keys: nil)
    }

    init(
        _ source: any ByteSource, columns: [String], at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules(), keys: KeyCollector?
    ) {
        row = JSONRow(columns: columns, limits: limits, rules: rules, keys: keys)
        self.limits = limits
        self.position = position
        window = ByteWindow(source)
    }

    /// Reads the next record.
    public func read(into record: inout Record) throws(TableError) -> Reading {
        record.begin(columns: limits.columns)
        while try window.hasBytes() {
            let bytes = window.bytes
            let end =
                LineEnd.feed(in: bytes) ?? (window.isAtEnd ? LineEnd(start: bytes.count, after: bytes.count) : nil)
            guard let end else {
                if window.count > limits.mostRecordBytes { return .fault(try passLine()) }
                _ = try window.fill()
                continue
            }
            let line = UnsafeBufferPointer(rebasing: bytes[..<end.start])
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
                advance(end.after, records: 0)
                continue
            }
            record.position = position
            let fault = row.fill(&record, from: line)
            advance(end.after, records: 1)
            return fault.map(Reading.fault) ?? .record
        }
        return .end
    }

    private func passLine() throws(TableError) -> RowFault {
        let fault = RowFault(
            .limit, at: position, value: RowFault.excerpt(window.bytes.prefix(256)),
            reason: "the row has over \(limits.mostRecordBytes) bytes")
        position.offset += try window.consumeLine()
        position.line += 1
        position.number += 1
        return fault
    }

    private func advance(_ length: Int, records: Int) {
        window.consume(length)
        position.offset += length
        position.line += 1
        position.number += records
    }
}
