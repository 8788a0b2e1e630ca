import Foundation

/// COPY's text format (PostgreSQL's manual, COPY): fields between tabs, with backslash escapes, null as `\N`.
enum CopyText {
    private static let backslash = UInt8(ascii: "\\")

    /// Calls the body with each field of a row without its end of line: its raw bytes, nil for null.
    static func forEachField(
        of row: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer?) throws -> Void
    ) rethrows {
        var (start, number) = (0, 0)
        while start <= row.count {
            let end = (start..<row.count).first { row[$0] == 0x09 } ?? row.count
            let field = UnsafeRawBufferPointer(rebasing: row[start..<end])
            let isNull = field.count == 2 && field[0] == backslash && field[1] == UInt8(ascii: "N")
            try body(number, isNull ? nil : field)
            (start, number) = (end + 1, number + 1)
        }
    }

    /// Appends a field's text.
    static func unescape(_ field: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var start = 0
        while start < field.count, let base = field.baseAddress,
            let found = memchr(base + start, Int32(backslash), field.count - start)
        {
            let position = UnsafeRawPointer(found) - base
            bytes.append(contentsOf: field[start..<position])
            guard position + 1 < field.count else { return }
            bytes.append(meaning(of: field[position + 1]))
            start = position + 2
        }
        bytes.append(contentsOf: field[start...])
    }

    /// What the server writes behind a backslash.
    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "v"): 0x0B
        default: letter
        }
    }
}
