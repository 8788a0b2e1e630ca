/// Reads records of CSV in any dialect.
///
/// - A field is quoted when its first character is a quote; a quote anywhere else in a field is a character like others.
/// - Lines end with LF, CRLF or CR. Empty lines are no records, except in a table of one column, where they are nulls.
/// - Where a quote is not closed, the row is at fault and reading goes on with the line after the one on which it begins: what the quote has
///   swallowed is read after all. The same where the quote that closes it could as well open a field, for then the first one stands alone.
/// - Where a quote is closed in the middle of a field, the row is at fault up to the end of that line.
public final class CSVReader: RecordReader {
    /// Where the next record begins.
    public var position: Position { core.position }

    private var core: CSVCore

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - source: UTF-8 from `position` on.
    ///   - columns: how many fields a record must have; nil to take that of the first record. With a header its own, which this does not read:
    ///     `position` is behind it.
    /// - Throws: `TableError` of the kind `unsupported` for a dialect that cannot be.
    public init(
        _ source: any ByteSource, dialect: Dialect, columns: Int? = nil, at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules()
    ) throws(TableError) {
        core = CSVCore(
            position: position, scanner: CSVScanner(signs: try dialect.signs()), limits: limits, rules: rules,
            columns: columns, window: ByteWindow(source))
    }

    /// Reads the next record.
    public func read(into record: inout Record) throws(TableError) -> Reading { try core.read(into: &record) }
}

/// What the reader does: a struct, for each access to a part of a class is checked while the program runs.
private struct CSVCore: ~Copyable {
    var position: Position
    let scanner: CSVScanner
    let limits: ReadingLimits
    let rules: RowRules
    var columns: Int?
    var window: ByteWindow

    mutating func read(into record: inout Record) throws(TableError) -> Reading {
        record.begin(columns: limits.columns)
        while try window.hasBytes() {
            let (bytes, isWhole) = (window.bytes, window.isAtEnd)
            let result = record.fields.withUnsafeMutableBufferPointer {
                scanner.scan(bytes, isWhole: isWhole, into: $0)
            }
            switch result {
            case .record(let length, let fields, let breaks):
                if let reading = take(&record, length: length, fields: fields, breaks: breaks) { return reading }
            case .cut(let column, let isQuoted):
                if let fault = try refill(column: column, isQuoted: isQuoted) { return .fault(fault) }
            case .textAfterQuote(let column, let quote):
                let reason = "a quote is closed before the end of the field: write quotes inside of a field twice"
                return .fault(try passLine(.quote, column: column, behind: lastByte(of: quote), reason))
            }
        }
        return .end
    }

    /// Makes the record of its bytes; nil for an empty line that is none.
    private mutating func take(_ record: inout Record, length: Int, fields: Int, breaks: Int) -> Reading? {
        let isEmpty = fields == 1 && record.fields[0].kind == .null
        if isEmpty && columns != 1 {
            advance(length, lines: 1, records: 0)
            return nil
        }
        record.position = position
        record.count = fields
        let fault = fill(&record, length: length)
        advance(length, lines: breaks + 1, records: 1)
        return fault.map(Reading.fault) ?? .record
    }

    private mutating func fill(_ record: inout Record, length: Int) -> RowFault? {
        if let fault = tooLarge(record, length: length) { return fault }
        record.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: window.bytes[..<length]))
        if let fault = rules.checkText(&record) { return fault }
        record.joinPairs(quote: UInt8(truncatingIfNeeded: scanner.signs.quote))
        let columns = columns ?? record.count
        self.columns = columns
        return rules.checkCount(&record, columns: columns)
    }

    private func tooLarge(_ record: Record, length: Int) -> RowFault? {
        let reason: String
        var column: Int?
        if length > limits.mostRecordBytes {
            reason = "the row has over \(limits.mostRecordBytes) bytes"
        } else if record.count > limits.columns {
            reason = "the row has \(record.count) fields, \(limits.columns) are the most"
        } else if length > limits.fieldBytes,
            let wide = record.fields[..<record.count].firstIndex(where: { $0.count > limits.fieldBytes })
        {
            column = wide + 1
            reason = "the field has over \(limits.fieldBytes) bytes"
        } else {
            return nil
        }
        return RowFault(.limit, at: position, column: column, reason: reason)
    }

    /// Reads more of a record that is cut; a fault when it cannot be whole.
    private mutating func refill(column: Int, isQuoted: Bool) throws(TableError) -> RowFault? {
        let reason = "a quote opens here and is not closed"
        guard window.count <= limits.mostRecordBytes else {
            return isQuoted
                ? try passLine(
                    .quote, column: column,
                    "\(reason) within \(limits.mostRecordBytes) bytes: close it, or write it twice")
                : try passLine(.limit, column: nil, "the row has over \(limits.mostRecordBytes) bytes")
        }
        // The end of the source may have been seen before, when it gave less than was asked for.
        if isQuoted && window.isAtEnd {
            return try passLine(
                .quote, column: column, "\(reason) up to the end of the table: close it, or write it twice")
        }
        _ = try window.fill()
        return nil
    }

    /// Behind which byte the row at fault goes on: the quote that closes it, or none where that could open a field.
    private func lastByte(of quote: Int) -> Int {
        let before = window.bytes[quote - 1]
        return before == scanner.signs.delimiter || before == 0x0A || before == 0x0D ? 0 : quote
    }

    /// The fault of the record that begins here; reading goes on with the line after the one of the byte at `last`.
    private mutating func passLine(
        _ code: RowFault.Code, column: Int?, behind last: Int = 0, _ reason: String
    ) throws(TableError) -> RowFault {
        let breaks = LineEnd.count(in: Bytes(rebasing: window.bytes[..<last]))
        // What is passed over with the first line has to be known.
        let end = breaks > 0 ? " (the row reaches line \(position.line + breaks))" : ""
        let fault = RowFault(
            code, at: position, column: column,
            value: column.map { _ in RowFault.excerpt(window.bytes.prefix { $0 != 0x0A && $0 != 0x0D }) },
            reason: reason + end)
        position.line += breaks + 1
        window.consume(last)
        position.offset += last + (try window.consumeLine())
        position.number += 1
        return fault
    }

    private mutating func advance(_ length: Int, lines: Int, records: Int) {
        window.consume(length)
        position.offset += length
        position.line += lines
        position.number += records
    }
}

extension Record {
    /// Makes one quote of each two inside of fields.
    mutating func joinPairs(quote: UInt8) {
        for index in 0..<count where fields[index].hasPairs {
            let start = Int(fields[index].start)
            var target = start
            var source = start
            let end = start + Int(fields[index].count)
            while source < end {
                bytes[target] = bytes[source]
                source += bytes[source] == quote ? 2 : 1
                target += 1
            }
            fields[index].count = UInt32(target - start)
            fields[index].hasPairs = false
        }
    }
}
