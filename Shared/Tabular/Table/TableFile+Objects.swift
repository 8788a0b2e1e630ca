import JSON

extension TableFile {
    /// The columns of objects are the keys of the first ones, in the order in which they first stand there.
    func objectsLayout(_ format: TableFormat, _ input: TextInput) throws(TableError) -> TableLayout {
        let keys = KeyCollector(most: settings.limits.columns)
        let source = try TextInput(FileSource(path: path), encoding: settings.encoding, inflation: settings.inflation)
            .source
        let reader: any RecordReader =
            if format == .jsonLines {
                JSONLinesReader(source, columns: [], limits: settings.limits, rules: settings.rules, keys: keys)
            } else {
                JSONArrayReader(source, columns: [], limits: settings.limits, rules: settings.rules, keys: keys)
            }
        var record = Record()
        for _ in 0..<TypeInference.mostRecords where try reader.read(into: &record) == .end { break }
        guard !keys.names.isEmpty else {
            throw TableError(
                .empty, "there is no object with a member among the first rows: write each row as {\"column\": value}")
        }
        return TableLayout(
            format: format, isCompressed: input.isCompressed, encoding: input.encoding, dialect: nil, sheet: nil,
            columns: keys.names, notes: keys.notes, start: Position())
    }
}

/// The keys of objects, in the order in which they are met first.
final class KeyCollector {
    private(set) var names: [String] = []
    private(set) var notes: [String] = []
    private var known: Set<[UInt8]> = []
    private let most: Int

    init(most: Int) { self.most = most }

    func add(_ key: UnsafeRawBufferPointer) {
        let bytes = Array(key)
        guard !known.contains(bytes) else { return }
        guard known.count < most else {
            if notes.isEmpty { notes.append("the objects have over \(most) keys: those behind are left out") }
            return
        }
        known.insert(bytes)
        names.append(String(decoding: bytes, as: UTF8.self))
    }
}
