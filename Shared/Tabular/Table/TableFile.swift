import Foundation

/// A file that holds a table: finds out what it is, and reads it.
///
/// All of it may block: call it on a thread that may wait.
public struct TableFile {
    /// Where the file is.
    public let path: String
    /// What is told about it.
    public let settings: TableSettings

    /// Names a file; nothing is read yet.
    public init(path: String, settings: TableSettings = TableSettings()) {
        self.path = path
        self.settings = settings
    }

    /// Finds out what settings do not say.
    ///
    /// - Parameter isComplete: whether these keys of objects are all that matter. It is asked after every 10,000 records; until then more are looked for,
    ///   to the end of the file at most. By default those of the first 10,000 are.
    /// - Throws: `TableError` for what is no table, or an empty one.
    public func layout(
        until isComplete: ([String]) -> Bool = { _ in true }
    ) throws(TableError) -> TableLayout {
        let magic = try TextInput.prefix(of: FileSource(path: path), 8)
        if settings.format == .xlsx || (settings.format == nil && magic.starts(with: [0x50, 0x4B, 3, 4])) {
            return try workbookLayout()
        }
        if magic == [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] {
            throw TableError(
                .unsupported,
                "an old or encrypted Office file is not read: save it as XLSX without a password, or as CSV")
        }
        let input = try TextInput(FileSource(path: path), encoding: settings.encoding, inflation: settings.inflation)
        let sample = try TextInput.prefix(of: input.source, TextInput.sampleLength)
        guard sample.contains(where: { !$0.isBlank }) else {
            throw TableError(.empty, "the file has no text: upload a table with at least one row")
        }
        switch settings.format ?? Self.format(of: sample) {
        case .jsonLines: return try objectsLayout(.jsonLines, input, until: isComplete)
        case .jsonArray: return try objectsLayout(.jsonArray, input, until: isComplete)
        default: return try csvLayout(input, sample)
        }
    }

    /// A reader that begins at `position`, or at the first record.
    ///
    /// - Parameter layout: as `layout()` has found it, of the same file.
    /// - Throws: `TableError`.
    public func reader(_ layout: TableLayout, at position: Position? = nil) throws(TableError) -> any RecordReader {
        try reader(layout, at: position, keys: nil)
    }

    /// - Parameter keys: takes the keys of objects that are no columns.
    func reader(
        _ layout: TableLayout, at position: Position?, keys: KeyCollector?
    ) throws(TableError) -> any RecordReader {
        let start = position ?? layout.start
        let (limits, rules) = (settings.limits, settings.rules)
        if layout.format == .xlsx {
            return try SheetReader(
                WorkbookFile(path: path, inflation: settings.inflation), sheet: layout.sheet,
                columns: layout.columns.count, at: start, limits: limits,
                rules: rules)
        }
        let source = try TextInput(path: path, layout, at: start.offset, inflation: settings.inflation).source
        switch layout.format {
        case .jsonLines:
            return JSONLinesReader(
                source, columns: layout.columns, at: start, limits: limits, rules: rules, keys: keys)
        case .jsonArray:
            return JSONArrayReader(
                source, columns: layout.columns, at: start, limits: limits, rules: rules, keys: keys)
        default:
            return try CSVReader(
                source, dialect: layout.dialect ?? Dialect(), columns: layout.columns.count, at: start, limits: limits,
                rules: rules)
        }
    }

    /// What the columns look like, by the first records.
    ///
    /// - Returns: the guesses, and what is wrong with rows among them, the first hundred at most.
    public func guess(_ layout: TableLayout) throws(TableError) -> (columns: [ColumnGuess], faults: [RowFault]) {
        var inference = TypeInference(columns: layout.columns, rules: settings.values)
        var faults: [RowFault] = []
        let reader = try reader(layout)
        var record = Record()
        for _ in 0..<TypeInference.mostRecords {
            switch try reader.read(into: &record) {
            case .record: inference.add(record)
            case .fault(let fault): if faults.count < 100 { faults.append(fault) }
            case .end: return (inference.columns, faults)
            }
        }
        return (inference.columns, faults)
    }

    /// An array begins with a bracket and an object, or with one and its end; lines of JSON with a brace.
    private static func format(of sample: [UInt8]) -> TableFormat {
        let signs = sample.lazy.filter { !$0.isBlank }.prefix(2)
        switch signs.first {
        case UInt8(ascii: "{"): return .jsonLines
        case UInt8(ascii: "["):
            let second = signs.dropFirst().first
            return second == UInt8(ascii: "{") || second == UInt8(ascii: "]") ? .jsonArray : .csv
        default: return .csv
        }
    }

    private func csvLayout(_ input: TextInput, _ sample: [UInt8]) throws(TableError) -> TableLayout {
        let detection = try DialectDetection(
            sample, isWhole: sample.count < TextInput.sampleLength,
            told: .init(delimiter: settings.delimiter, quote: settings.quote, hasHeader: settings.hasHeader))
        let start = Position(offset: detection.skipped, line: detection.skipped > 0 ? 2 : 1)
        // A header may be longer than the sample.
        let text = PrefixedSource(Array(sample.dropFirst(detection.skipped)), then: input.source)
        let reader = try CSVReader(
            text, dialect: detection.dialect, at: start, limits: settings.limits, rules: settings.rules)
        var record = Record()
        switch try reader.read(into: &record) {
        case .record: break
        case .fault(let fault):
            throw TableError(.corrupt, "the first row cannot be read (line \(fault.line)): \(fault.reason)")
        case .end: throw TableError(.empty, "the file has no row: upload a table with at least one")
        }
        let first = (0..<record.count).map { record.text(of: $0) }
        let (names, notes) = HeaderDetection.columns(detection.dialect.hasHeader ? first : [], count: record.count)
        var behind = reader.position
        behind.number = 1
        return TableLayout(
            format: .csv, isCompressed: input.isCompressed, encoding: input.encoding, dialect: detection.dialect,
            sheet: nil, columns: names, notes: notes, start: detection.dialect.hasHeader ? behind : start)
    }

    private func workbookLayout() throws(TableError) -> TableLayout {
        let file = try WorkbookFile(path: path, inflation: settings.inflation)
        let reader = try SheetReader(file, sheet: settings.sheet, limits: settings.limits, rules: settings.rules)
        var rows: [[String?]] = []
        var positions: [Position] = []
        var record = Record()
        while rows.count < 200 {
            let reading = try reader.read(into: &record)
            if reading == .end { break }
            if case .fault(let fault) = reading {
                guard rows.isEmpty else { continue }
                throw TableError(.corrupt, "the first row cannot be read (row \(fault.line)): \(fault.reason)")
            }
            rows.append((0..<record.count).map { record.text(of: $0) })
            positions.append(record.position)
        }
        guard let first = rows.first, let begin = positions.first else {
            throw TableError(.empty, "the sheet has no row: name another one of \(file.sheets.joined(separator: ", "))")
        }
        let hasHeader = settings.hasHeader ?? HeaderDetection.hasHeader(rows)
        let count = hasHeader ? first.count : rows.map(\.count).max() ?? first.count
        let (names, notes) = HeaderDetection.columns(hasHeader ? first : [], count: count)
        let behind = Position(offset: begin.line, line: begin.line + 1)
        return TableLayout(
            format: .xlsx, isCompressed: false, encoding: nil, dialect: Dialect(hasHeader: hasHeader),
            sheet: settings.sheet ?? file.sheets.first, columns: names, notes: notes, start: hasHeader ? behind : begin)
    }
}
