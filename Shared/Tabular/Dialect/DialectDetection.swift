/// Finds out how a table of text is written, from its beginning.
struct DialectDetection {
    /// Records that are looked at; more of them would tell no more.
    private static let records = 200
    private static let delimiters: [UInt8] = [",", ";", "\t", "|"].map { UInt8(ascii: $0) }

    /// What settings say, which wins.
    struct Told {
        var delimiter: String?
        /// Empty for none.
        var quote: String?
        var hasHeader: Bool?
    }

    let dialect: Dialect
    /// How many bytes stand before the first record: a line such as `sep=;`, which Excel has for this.
    let skipped: Int

    /// - Parameters:
    ///   - sample: the first bytes of the text, in UTF-8.
    ///   - isWhole: whether it is all there is.
    init(_ sample: [UInt8], isWhole: Bool, told: Told) throws(TableError) {
        let separator = Self.separatorLine(sample)
        skipped = separator?.length ?? 0
        let text = Array(sample.dropFirst(skipped))
        let quote = told.quote ?? Self.quote(in: text)
        var dialect = Dialect(delimiter: ",", quote: quote.isEmpty ? nil : quote, hasHeader: true)
        if let sign = told.delimiter ?? separator?.sign {
            dialect.delimiter = sign
        } else {
            dialect.delimiter = try Self.delimiter(of: text, isWhole: isWhole, dialect)
        }
        let rows = try SampleRows(text, isWhole: isWhole, dialect, most: Self.records)
        dialect.hasHeader = told.hasHeader ?? HeaderDetection.hasHeader(rows.texts)
        self.dialect = dialect
    }

    private static func separatorLine(_ sample: [UInt8]) -> (sign: String, length: Int)? {
        guard sample.starts(with: "sep=".utf8), sample.count > 5, sample[4] < 0x80 else { return nil }
        let end = sample.withUnsafeBufferPointer { LineEnd.first(in: Bytes(rebasing: $0[5...]), isWhole: true) }
        guard let end, end.start == 0 else { return nil }
        return (String(UnicodeScalar(sample[4])), 5 + end.after)
    }

    /// The single quote where it opens and closes fields and the double one does not occur.
    private static func quote(in text: [UInt8]) -> String {
        guard !text.contains(UInt8(ascii: "\"")) else { return "\"" }
        let single = UInt8(ascii: "'")
        let edges = Set(delimiters + [0x0A, 0x0D])
        var (opening, closing) = (0, 0)
        for (index, byte) in text.enumerated() where byte == single {
            if index == 0 || edges.contains(text[index - 1]) { opening += 1 }
            if index + 1 == text.count || edges.contains(text[index + 1]) { closing += 1 }
        }
        return opening >= 2 && opening == closing ? "'" : "\""
    }

    /// The sign by which most records have the same number of fields, more than one.
    private static func delimiter(
        of text: [UInt8], isWhole: Bool, _ dialect: Dialect
    ) throws(TableError) -> String {
        var best = (delimiter: ",", score: 0.0)
        for delimiter in delimiters {
            var candidate = dialect
            candidate.delimiter = String(UnicodeScalar(delimiter))
            let widths = try SampleRows(text, isWhole: isWhole, candidate, most: records).widths
            let common = Dictionary(grouping: widths, by: \.self)
                .max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
            guard let common, common.key > 1 else { continue }
            // Among equals the one that cuts a record into more.
            let score = Double(common.value.count) / Double(widths.count) + Double(min(common.key, 100)) / 10_000
            if score > best.score { best = (candidate.delimiter, score) }
        }
        return best.delimiter
    }
}

/// The first records of a sample, those at fault left out.
struct SampleRows {
    private(set) var texts: [[String?]] = []

    /// How many fields each has.
    var widths: [Int] { texts.map(\.count) }

    init(_ sample: [UInt8], isWhole: Bool, _ dialect: Dialect, most: Int) throws(TableError) {
        let signs = try dialect.signs()
        let scanner = CSVScanner(signs: signs)
        var record = Record()
        record.begin(columns: ReadingLimits().columns)
        var start = 0
        while start < sample.count, texts.count < most {
            let rest = sample[start...]
            let result = rest.withUnsafeBufferPointer { bytes in
                record.fields.withUnsafeMutableBufferPointer { scanner.scan(bytes, isWhole: isWhole, into: $0) }
            }
            guard case .record(let length, let fields, _) = result else {
                // A quote that goes wrong, or the end of the sample.
                guard case .textAfterQuote = result, let end = Self.lineEnd(rest) else { return }
                start += end
                continue
            }
            record.bytes = Array(rest.prefix(length))
            record.count = min(fields, record.fields.count)
            record.joinPairs(quote: UInt8(truncatingIfNeeded: signs.quote))
            let texts = (0..<record.count).map { record.text(of: $0) }
            if texts != [nil] { self.texts.append(texts) }
            start += length
        }
    }

    private static func lineEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBufferPointer { LineEnd.first(in: $0, isWhole: true)?.after }
    }
}
