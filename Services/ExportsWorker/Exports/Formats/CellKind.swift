import Foundation
import Postgres

/// What the cells of a column hold, by the column's type in PostgreSQL.
enum CellKind {
    case integer, decimal, float, boolean, date, timestamp, text

    /// What a cell holds.
    enum Value: Equatable {
        case number(Double)
        case bool(Bool)
        /// Days since 1899-12-30, Excel's day 0.
        case date(Double)
        /// The same with the time of day, to the millisecond.
        case timestamp(Double)
        case text
    }

    init(of column: ResultColumn) {
        self =
            switch column.baseType {
            case "smallint", "integer", "bigint", "oid": .integer
            case "numeric": .decimal
            case "real", "double precision": .float
            case "boolean": .boolean
            case "date": .date
            case "timestamp", "timestamp without time zone", "timestamp with time zone": .timestamp
            // With a precision the name is `timestamp(3) with time zone`, of which the first word is left.
            default: .text
            }
    }

    /// The value of a field in PostgreSQL's output form with DateStyle ISO and the time zone UTC; `.text` for what a number or a date of Excel
    /// cannot hold exactly, which is written as it is.
    func value(of text: [UInt8]) -> Value {
        switch self {
        case .text: .text
        case .boolean: .bool(text == [UInt8(ascii: "t")])
        case .integer, .decimal: Self.exactNumber(text).map(Value.number) ?? .text
        case .float:
            Double(String(decoding: text, as: UTF8.self)).flatMap { abs($0) <= Self.most ? Value.number($0) : nil }
                ?? .text
        case .date: Self.day(text).map { Value.date(Double($0)) } ?? .text
        case .timestamp: Self.moment(text).map(Value.timestamp) ?? .text
        }
    }

    /// The largest number that Excel takes.
    private static let most = 9.99e307
    /// The most digits that Excel keeps of a number.
    private static let exactDigits = 15

    /// The most digits that are written of a number; a double has up to 17.
    private static let writtenDigits = 16

    /// Whether a number loses digits in a cell. It stays a number all the same: as texts, measurements could not be reckoned with, and Excel shows
    /// 15 digits of any.
    func isRounded(_ text: [UInt8]) -> Bool {
        guard self == .float, text.count > Self.writtenDigits else { return false }
        let digits = text.prefix { $0 != UInt8(ascii: "e") }.filter { (0x30...0x39).contains($0) }
        return digits.drop { $0 == 0x30 }.count > Self.writtenDigits
    }

    private static func exactNumber(_ text: [UInt8]) -> Double? {
        var digits = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0"): if digits > 0 { digits += 1 }
            case UInt8(ascii: "1")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "-"), UInt8(ascii: "."): continue
            default: return nil
            }
        }
        guard digits <= exactDigits else { return nil }
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// Days since 1899-12-30 of `YYYY-MM-DD`; nil before 1900-03-01, where Excel counts a day that never was, and after 9999.
    private static func day(_ text: some RandomAccessCollection<UInt8>) -> Int? {
        let text = Array(text)
        guard text.count == 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            let year = number(text[0..<4]), let month = number(text[5..<7]), let day = number(text[8..<10])
        else { return nil }
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days_from_civil, for years after 0.
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (shifted / 400, shifted % 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let serial = days + 25_569
        return serial >= 61 ? serial : nil
    }

    /// Days and their fraction of `YYYY-MM-DD HH:MM:SS[.ffffff][+00]`.
    private static func moment(_ text: [UInt8]) -> Double? {
        guard text.count >= 19, let day = day(text[0..<10]), let hour = number(text[11..<13]),
            let minute = number(text[14..<16]), let second = number(text[17..<19])
        else { return nil }
        var milliseconds = ((hour * 60 + minute) * 60 + second) * 1000
        var rest = text[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            var micros = number(digits) ?? 0
            for _ in digits.count..<6 { micros *= 10 }
            milliseconds += (micros + 500) / 1000
            rest = rest.dropFirst(1 + digits.count)
        }
        guard rest.isEmpty || rest.elementsEqual("+00".utf8) else { return nil }
        return Double(day) + Double(milliseconds) / 86_400_000
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return digits.isEmpty ? nil : number
    }
}
