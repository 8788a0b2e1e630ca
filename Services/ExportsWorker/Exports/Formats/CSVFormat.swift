import Postgres

/// RFC 4180 as the server writes it: null is nothing, empty text is a pair of quotes, fields are quoted where they must be.
struct CSVFormat: LineFormat {
    let delimiter: UInt8
    let hasHeader: Bool
    let hasByteOrderMark: Bool
    let endsWithCRLF: Bool
    /// What is done to text that a spreadsheet would take for a formula; nil to leave it.
    var formulas: FormulaGuard?

    var copyOptions: SQLText {
        "FORMAT csv, ENCODING 'UTF8', DELIMITER \(constant: String(Character(Unicode.Scalar(delimiter))))"
    }

    var neutralised: Int { formulas?.changed ?? 0 }

    mutating func begin(_ table: ExportTable) { formulas?.begin(table) }

    func beginning(of table: ExportTable) -> [UInt8] {
        var bytes: [UInt8] = hasByteOrderMark ? [0xEF, 0xBB, 0xBF] : []
        guard hasHeader else { return bytes }
        for (number, column) in table.columns.enumerated() {
            if number > 0 { bytes.append(delimiter) }
            bytes += Self.field(column.name, delimiter: delimiter)
        }
        bytes += lineEnd
        return bytes
    }

    mutating func append(_ row: UnsafeRawBufferPointer, isFirst: Bool, to bytes: inout [UInt8]) {
        // Every row ends in a newline (the server's, whatever the client's system is).
        let content = UnsafeRawBufferPointer(rebasing: row.dropLast())
        if formulas != nil {
            formulas?.append(content, delimiter: delimiter, to: &bytes)
        } else {
            bytes.append(contentsOf: content)
        }
        if endsWithCRLF { bytes.append(0x0D) }
        bytes.append(0x0A)
    }

    private var lineEnd: [UInt8] { endsWithCRLF ? [0x0D, 0x0A] : [0x0A] }

    static func field(_ text: String, delimiter: UInt8) -> [UInt8] {
        guard text.isEmpty || text.utf8.contains(where: { [delimiter, 0x22, 0x0A, 0x0D].contains($0) }) else {
            return Array(text.utf8)
        }
        return [0x22] + text.utf8.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]
    }
}
