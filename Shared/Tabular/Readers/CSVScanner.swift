/// Cuts one record of CSV into its fields.
///
/// By hand, for libcsv tells neither where a record begins nor that a quote has swallowed the lines behind it, holds fields of any size,
/// and gives each field to a callback: with the lines cut for it, so that records have places, it reads 190 to 240 MB/s on a machine on which this
/// reads over 600 (`README.md`, "What is written by hand, and why").
struct CSVScanner {
    /// What a look at the bytes came to.
    enum Result {
        /// A whole record of so many bytes, with the end of its line, and so many fields; `breaks` lines end inside of it.
        case record(length: Int, fields: Int, breaks: Int)
        /// The bytes end before the record does, in this field (from 1), which may be a quoted one.
        case cut(column: Int, isQuoted: Bool)
        /// Behind the quote that ends this field, which stands there, comes something else than the next field.
        case textAfterQuote(column: Int, quote: Int)
    }

    let signs: CSVSigns

    /// Looks at the record that the bytes begin with.
    ///
    /// - Parameters:
    ///   - isWhole: whether the table ends with the bytes.
    ///   - fields: takes the fields as far as there is room.
    func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool, into fields: UnsafeMutableBufferPointer<Record.Field>
    ) -> Result {
        let (delimiter, quote) = (signs.delimiter, signs.quote)
        let count = bytes.count
        var (index, number, breaks) = (0, 0, 0)
        while true {
            var end = index
            var field: Record.Field
            if index < count, UInt16(bytes[index]) == quote {
                guard let quoted = quotedField(bytes, from: index, isWhole: isWhole, breaks: &breaks) else {
                    return .cut(column: number + 1, isQuoted: true)
                }
                (field, end) = quoted
                while end < count, bytes[end] == 0x20 || (bytes[end] == 0x09 && delimiter != 0x09) { end += 1 }
                if end < count, bytes[end] != delimiter, bytes[end] != 0x0A, bytes[end] != 0x0D {
                    return .textAfterQuote(column: number + 1, quote: Int(field.start + field.count))
                }
            } else {
                while end < count, bytes[end] != delimiter, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
                field = Record.Field(
                    start: UInt32(truncatingIfNeeded: index), count: UInt32(truncatingIfNeeded: end - index),
                    kind: end == index ? .null : .bare)
            }
            if end == count, !isWhole { return .cut(column: number + 1, isQuoted: false) }
            if number < fields.count { fields[number] = field }
            number += 1
            if end == count { return .record(length: count, fields: number, breaks: breaks) }
            if bytes[end] == delimiter {
                index = end + 1
                continue
            }
            guard bytes[end] == 0x0D else { return .record(length: end + 1, fields: number, breaks: breaks) }
            if end + 1 == count {
                return isWhole
                    ? .record(length: count, fields: number, breaks: breaks) : .cut(column: number, isQuoted: false)
            }
            let length = bytes[end + 1] == 0x0A ? end + 2 : end + 1
            return .record(length: length, fields: number, breaks: breaks)
        }
    }

    /// The field whose opening quote stands at `start`, and where what follows its closing one begins; nil when that is not there.
    private func quotedField(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isWhole: Bool, breaks: inout Int
    ) -> (field: Record.Field, end: Int)? {
        let quote = UInt8(truncatingIfNeeded: signs.quote)
        var (end, hasPairs, hasBreaks) = (start + 1, false, false)
        while true {
            while end < bytes.count, bytes[end] != quote {
                if bytes[end] == 0x0A || bytes[end] == 0x0D { hasBreaks = true }
                end += 1
            }
            // Behind the last byte there may be a second quote.
            guard end + 1 < bytes.count || (isWhole && end < bytes.count) else { return nil }
            guard end + 1 < bytes.count, bytes[end + 1] == quote else { break }
            hasPairs = true
            end += 2
        }
        if hasBreaks { breaks += LineEnd.count(in: UnsafeBufferPointer(rebasing: bytes[(start + 1)..<end])) }
        let field = Record.Field(
            start: UInt32(truncatingIfNeeded: start + 1), count: UInt32(truncatingIfNeeded: end - start - 1),
            kind: .quoted, hasPairs: hasPairs)
        return (field, end + 1)
    }
}
