import Postgres

/// JSON as the server writes rows: an object a line (JSON Lines), or one array of them.
struct JSONFormat: LineFormat {
    /// Whether a file is one array.
    let isArray: Bool

    var copyOptions: SQLText { "FORMAT text, ENCODING 'UTF8'" }

    /// The alias with its asterisk is the row, also where a column has the alias's name.
    func rows(of query: SQLText) -> SQLText { "SELECT row_to_json(exported.*) FROM (\(query)) AS exported" }

    func beginning(of table: ExportTable) -> [UInt8] { isArray ? Array("[".utf8) : [] }

    mutating func append(_ row: UnsafeRawBufferPointer, isFirst: Bool, to bytes: inout [UInt8]) {
        if isArray { bytes += isFirst ? [0x0A] : [0x2C, 0x0A] }
        let start = bytes.count
        CopyText.unescape(UnsafeRawBufferPointer(rebasing: row.dropLast()), to: &bytes)
        // What a column of type json brings may be laid out in lines; within strings JSON has no bare control characters.
        for index in start..<bytes.count where bytes[index] < 0x20 { bytes[index] = 0x20 }
        if !isArray { bytes.append(0x0A) }
    }

    func ending(isEmpty: Bool) -> [UInt8] { isArray ? Array((isEmpty ? "]\n" : "\n]\n").utf8) : [] }
}
