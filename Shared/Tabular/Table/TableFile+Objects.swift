import JSON

extension TableFile {
    /// The columns of objects are the keys of the first ones, in the order in which they first stand there, and of more while these are not
    /// enough.
    func objectsLayout(
        _ format: TableFormat, _ input: TextInput, until isComplete: ([String]) -> Bool
    ) throws(TableError) -> TableLayout {
        let keys = KeyCollector(most: settings.limits.columns)
        let first = try reader(layout(of: keys, format, input), at: nil, keys: keys)
        let isWhole = try passSample(of: first)
        guard !keys.names.isEmpty else {
            throw TableError(
                .empty, "there is no object with a member among the first rows: write each row as {\"column\": value}")
        }
        if !isWhole, !isComplete(keys.names) {
            // One that knows these keys is quicker.
            let rest = try reader(layout(of: keys, format, input), at: first.position, keys: keys)
            while try !passSample(of: rest), !isComplete(keys.names) {}
        }
        return layout(of: keys, format, input)
    }

    /// Reads as many records as types are guessed of; says whether there are no more.
    private func passSample(of reader: any RecordReader) throws(TableError) -> Bool {
        var record = Record()
        for _ in 0..<TypeInference.mostRecords where try reader.read(into: &record) == .end { return true }
        return false
    }

    private func layout(of keys: KeyCollector, _ format: TableFormat, _ input: TextInput) -> TableLayout {
        TableLayout(
            format: format, isCompressed: input.isCompressed, encoding: input.encoding, dialect: nil, sheet: nil,
            columns: keys.names, notes: keys.notes, start: Position())
    }
}

/// The keys of objects that are no columns of their reader, in the order in which they are met first.
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
