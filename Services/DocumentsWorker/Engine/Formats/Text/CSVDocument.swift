import CCSV
import Markup

/// Tables of text: CSV in any of its dialects (RFC 4180 and what is written besides it), by libcsv.
enum CSVDocument {
    private static let delimiters = [",", ";", "\t", "|"].map { UInt8(ascii: $0) }
    private static let sampleLength = 64 << 10
    /// Of the rows of a sample; more of them would tell no more.
    private static let sampleRows = 100

    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try DecodedText(bytes)
        var text = Array(decoded.text.utf8)
        var delimiter = try delimiter(of: text)
        // Excel's own way to say it.
        if text.starts(with: "sep=".utf8), text.count > 5, text[5] == UInt8(ascii: "\n") {
            delimiter = text[4]
            text.removeFirst(6)
        }
        let rows = try CSVRows(limit: limit).read(text, delimiter: delimiter)
        var builder = DocumentBuilder(limit: limit)
        try builder.table(rows.map { $0.map { InlineText($0) } })
        var metadata = DocumentMetadata(
            mediaType: delimiter == UInt8(ascii: "\t") ? "text/tab-separated-values" : "text/csv")
        metadata.encoding = decoded.encoding
        return builder.finish(metadata)
    }

    /// The sign by which most rows have the same number of cells, more than one.
    private static func delimiter(of text: [UInt8]) throws(ExtractionError) -> UInt8 {
        var best = (delimiter: UInt8(ascii: ","), score: 0.0)
        for delimiter in delimiters {
            let rows = try CSVRows(limit: sampleLength * 2).read(Array(text.prefix(sampleLength)), delimiter: delimiter)
            let widths = rows.dropLast(rows.count > 1 ? 1 : 0).prefix(sampleRows).map(\.count)
            let common = Dictionary(grouping: widths, by: \.self).max {
                ($0.value.count, $0.key) < ($1.value.count, $1.key)
            }
            guard let common, common.key > 1 else { continue }
            // Among equals the one that cuts a row into more.
            let score = Double(common.value.count) / Double(widths.count) + Double(min(common.key, 100)) / 10_000
            if score > best.score { best = (delimiter, score) }
        }
        return best.delimiter
    }
}

/// Gathers what libcsv finds.
private final class CSVRows {
    private var rows: [[String]] = []
    private var row: [String] = []
    private var size = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func read(_ text: [UInt8], delimiter: UInt8) throws(ExtractionError) -> [[String]] {
        var parser = csv_parser()
        guard csv_init(&parser, 0) == 0 else { throw .outOfMemory }
        defer { csv_free(&parser) }
        csv_set_delim(&parser, delimiter)
        let context = Unmanaged.passUnretained(self).toOpaque()
        let cell: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
            bytes, count, context in
            guard let context else { return }
            Unmanaged<CSVRows>.fromOpaque(context).takeUnretainedValue()
                .add(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
        }
        let end: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = { _, context in
            guard let context else { return }
            Unmanaged<CSVRows>.fromOpaque(context).takeUnretainedValue().endRow()
        }
        guard csv_parse(&parser, text, text.count, cell, end, context) == text.count,
            csv_fini(&parser, cell, end, context) == 0
        else { throw .corrupt("CSV", String(cString: csv_strerror(csv_error(&parser)))) }
        guard size <= limit else { throw .tooLarge("the text is", limit: limit) }
        return rows
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        size += bytes.count + 1
        // What is over the limit is refused in the end, and need not be kept until then.
        if size <= limit { row.append(String(decoding: bytes, as: UTF8.self)) }
    }

    private func endRow() {
        rows.append(row)
        row = []
    }
}
