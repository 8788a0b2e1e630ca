import Foundation

/// Takes the power from text that a spreadsheet would run as a formula: an apostrophe before it.
///
/// That is text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return (OWASP, CSV injection). What is a number as a whole is left as
/// it is, so that negative numbers stay numbers, and so are columns whose type has no room for a formula, so that `-infinity` and
/// `-1 day` stay what they are.
struct FormulaGuard {
    /// How many fields it has changed.
    private(set) var changed = 0
    /// Which columns may hold a formula.
    private var isOpen: [Bool] = []

    /// Types of PostgreSQL, without their modifiers, whose values are never formulas.
    private static let closedTypes: Set<Substring> = [
        "smallint", "integer", "bigint", "oid", "numeric", "real", "double precision", "money", "boolean", "date",
        "interval", "uuid",
        "bytea", "timestamp without time zone", "timestamp with time zone", "time without time zone",
        "time with time zone",
        "timestamp", "time",
    ]

    /// Goes on with a table.
    mutating func begin(_ table: ExportTable) {
        isOpen = table.columns.map { !Self.closedTypes.contains($0.baseType) }
    }

    private static let apostrophe = UInt8(ascii: "'")
    private static let quote = UInt8(ascii: "\"")

    /// Whether text that begins so may be a formula.
    static func isSuspect(_ first: UInt8) -> Bool {
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D: true
        default: false
        }
    }

    /// Whether text would be run.
    static func isFormula(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first, isSuspect(first) else { return false }
        return !isNumber(text)
    }

    /// Appends a row of CSV, without its end of line, with its formulas changed.
    mutating func append(_ row: UnsafeRawBufferPointer, delimiter: UInt8, to bytes: inout [UInt8]) {
        var copied = 0
        var position = 0
        var column = 0
        while position < row.count {
            let isQuoted = row[position] == Self.quote
            let start = isQuoted ? position + 1 : position
            let end = isQuoted ? Self.closingQuote(in: row, from: start) : Self.find(delimiter, in: row, from: start)
            if start < end, Self.isSuspect(row[start]), isOpen[column],
                Self.isFormula(UnsafeRawBufferPointer(rebasing: row[start..<end]))
            {
                bytes.append(contentsOf: row[copied..<start])
                bytes.append(Self.apostrophe)
                copied = start
                changed += 1
            }
            // Behind the quote, if there is one, and the delimiter.
            position = (isQuoted ? end + 1 : end) + 1
            column += 1
        }
        bytes.append(contentsOf: row[copied...])
    }

    /// Text with an apostrophe before it when it would be run.
    mutating func guarded(_ text: UnsafeRawBufferPointer, column: Int) -> [UInt8] {
        guard isOpen[column], Self.isFormula(text) else { return Array(text) }
        changed += 1
        return [Self.apostrophe] + text
    }

    private static func closingQuote(in row: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = find(quote, in: row, from: start)
        // A quote of the text stands twice.
        while position + 1 < row.count, row[position + 1] == quote {
            position = find(quote, in: row, from: position + 2)
        }
        return position
    }

    private static func find(_ byte: UInt8, in row: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard start < row.count, let base = row.baseAddress,
            let found = memchr(base + start, Int32(byte), row.count - start)
        else { return row.count }
        return UnsafeRawPointer(found) - base
    }

    /// A sign, digits with points or commas between, and an exponent or a per cent sign.
    private static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
        func isDigit(_ index: Int) -> Bool { index < text.count && (0x30...0x39).contains(text[index]) }
        var index = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? 1 : 0
        guard isDigit(index) else { return false }
        while isDigit(index) || index < text.count && isSeparator(text[index]) && isDigit(index + 1) { index += 1 }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
            guard isDigit(index) else { return false }
            while isDigit(index) { index += 1 }
        } else if index < text.count, text[index] == UInt8(ascii: "%") {
            index += 1
        }
        return index == text.count
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") }
}
