/// What the rows of any table of text must keep.
public struct RowRules: Sendable, Hashable, Codable {
    /// What becomes of bytes that are no text.
    public var badBytes: BadBytes
    /// Whether the fields that a row lacks at its end are null; else it is at fault.
    public var fillsShortRows: Bool
    /// Whether a member of an object of JSON that is no column is a fault; else it is passed over.
    public var rejectsUnknownKeys: Bool

    /// Makes rules: bad bytes and short rows are faults, unknown keys are not.
    public init(badBytes: BadBytes = .reject, fillsShortRows: Bool = false, rejectsUnknownKeys: Bool = false) {
        self.badBytes = badBytes
        self.fillsShortRows = fillsShortRows
        self.rejectsUnknownKeys = rejectsUnknownKeys
    }

    /// Checks that the bytes of a record are text, and makes them so where that is asked for.
    func checkText(_ record: inout Record) -> RowFault? {
        switch record.bytes.withUnsafeBufferPointer(TextSurvey.of) {
        case .text: return nil
        case .nul(let index): return record.fault(.nul, at: index, TextSurvey.nulReason)
        case .bad(let index):
            guard badBytes == .reject else {
                record.repair()
                return nil
            }
            return record.fault(.encoding, at: index, TextSurvey.badReason(record.bytes[index], at: index))
        }
    }

    /// Checks that a record has as many fields as the table has columns.
    func checkCount(_ record: inout Record, columns: Int) -> RowFault? {
        if record.count == columns { return nil }
        if record.count < columns && fillsShortRows {
            record.pad(to: columns)
            return nil
        }
        let fields = record.count == 1 ? "1 field" : "\(record.count) fields"
        return RowFault(
            .fieldCount, at: record.position,
            reason: "the row has \(fields), the table has \(columns) column\(columns == 1 ? "" : "s")")
    }
}

/// Whether bytes are a text that the database can hold.
enum TextSurvey {
    case text
    case nul(at: Int)
    case bad(at: Int)

    static let nulReason = "a NUL character stands in the text, which the database cannot store: take it out"

    static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> TextSurvey {
        // One pass that the compiler makes vectors of.
        var all: UInt8 = 0
        var least: UInt8 = 0xFF
        for byte in bytes {
            all |= byte
            least = min(least, byte)
        }
        if least == 0, let index = bytes.firstIndex(of: 0) { return .nul(at: index) }
        guard all >= 0x80, let index = UTF8Form.firstBad(in: bytes) else { return .text }
        return .bad(at: index)
    }

    static func badReason(_ byte: UInt8, at index: Int) -> String {
        let hex = (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        let what = byte == DecodedSource.badByte ? "what stands" : "the byte 0x\(hex)"
        return
            "\(what) at \(index + 1) of the row is no text in this encoding: name the right one, or ask for replacement"
    }
}

extension Record {
    /// A fault at a byte of the record: on its line, in its field.
    fileprivate func fault(_ code: RowFault.Code, at index: Int, _ reason: String) -> RowFault {
        let column = fields[..<min(count, fields.count)].firstIndex { index <= Int($0.start + $0.count) }
        let breaks = bytes.withUnsafeBufferPointer { LineEnd.count(in: UnsafeBufferPointer(rebasing: $0[..<index])) }
        return RowFault(
            code, at: position, line: position.line + breaks, column: column.map { $0 + 1 },
            value: column.map { withBytes(of: $0) { RowFault.excerpt($0) } }, reason: reason)
    }

    /// Puts U+FFFD for what is no text, field by field.
    fileprivate mutating func repair() {
        let old = bytes
        bytes.removeAll(keepingCapacity: true)
        for index in 0..<count {
            let field = fields[index]
            let text = String(decoding: old[Int(field.start)..<Int(field.start + field.count)], as: UTF8.self)
            fields[index].start = UInt32(bytes.count)
            bytes.append(contentsOf: text.utf8)
            fields[index].count = UInt32(bytes.count) - fields[index].start
        }
    }
}
