import Foundation

extension Date {
    /// The time in UTC with exactly milliseconds, such as `2026-01-02T03:04:05.678Z`; years 0 to 9999.
    ///
    /// Finer parts are cut to the nearest millisecond. It is plain integer arithmetic: a formatter costs memory and time.
    public func rfc3339() -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 24 characters of `rfc3339()` to a buffer of UTF-8.
    public func appendRFC3339(to bytes: inout [UInt8]) {
        let milliseconds = Int64((timeIntervalSince1970 * 1000).rounded().clamped(to: Self.writable))
        let days = milliseconds.floorDivided(by: 86_400_000)
        let time = Int(milliseconds - days * 86_400_000)
        let day = CivilDay(daysSince1970: Int(days))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
            text.put(day.year, digits: 4, at: 0, then: "-")
            text.put(day.month, digits: 2, at: 5, then: "-")
            text.put(day.day, digits: 2, at: 8, then: "T")
            text.put(time / 3_600_000, digits: 2, at: 11, then: ":")
            text.put(time / 60_000 % 60, digits: 2, at: 14, then: ":")
            text.put(time / 1000 % 60, digits: 2, at: 17, then: ".")
            text.put(time % 1000, digits: 3, at: 20, then: "Z")
            bytes.append(contentsOf: text)
        }
    }

    /// The first and the last millisecond that four digits of a year can say.
    private static let writable = -62_167_219_200_000.0...253_402_300_799_999.0

    /// Reads RFC 3339: any offset, 0 to 9 digits of a fraction, a leap second as the second after it; nil for anything else.
    public init?(rfc3339 text: String) {
        var text = text
        guard let seconds = text.withUTF8({ RFC3339Reader(text: $0).read() }) else { return nil }
        self.init(timeIntervalSince1970: seconds)
    }
}

/// Reads a time at the fixed places of RFC 3339.
private struct RFC3339Reader {
    let text: UnsafeBufferPointer<UInt8>

    func read() -> Double? {
        guard text.count >= 20, byte(4) == "-", byte(7) == "-", byte(13) == ":", byte(16) == ":",
            byte(10) == "T" || byte(10) == "t" || byte(10) == " ",
            let year = number(at: 0, digits: 4), let month = number(at: 5, digits: 2),
            let day = number(at: 8, digits: 2), let hour = number(at: 11, digits: 2), hour < 24,
            let minute = number(at: 14, digits: 2), minute < 60,
            let second = number(at: 17, digits: 2), second <= 60,
            let civil = CivilDay(year: year, month: month, day: day),
            let fraction = fraction(), let offset = offset(at: fraction.end)
        else { return nil }
        let seconds = civil.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Double(seconds) + Double(fraction.nanoseconds) / 1e9
    }

    private func fraction() -> (nanoseconds: Int, end: Int)? {
        guard byte(19) == "." else { return (0, 19) }
        var end = 20
        var nanoseconds = 0
        var scale = 100_000_000
        while end < text.count, text[end].isDigit {
            guard end < 29 else { return nil }
            nanoseconds += Int(text[end] - 0x30) * scale
            scale /= 10
            end += 1
        }
        return end > 20 ? (nanoseconds, end) : nil
    }

    private func offset(at start: Int) -> Int? {
        switch byte(start) {
        case "Z", "z": return text.count == start + 1 ? 0 : nil
        case "+", "-":
            guard text.count == start + 6, byte(start + 3) == ":",
                let hours = number(at: start + 1, digits: 2), hours < 24,
                let minutes = number(at: start + 4, digits: 2), minutes < 60
            else { return nil }
            return (hours * 3600 + minutes * 60) * (byte(start) == "-" ? -1 : 1)
        default: return nil
        }
    }

    private func byte(_ index: Int) -> UnicodeScalar? { index < text.count ? UnicodeScalar(text[index]) : nil }

    private func number(at start: Int, digits: Int) -> Int? {
        guard start + digits <= text.count else { return nil }
        var value = 0
        for index in start..<(start + digits) {
            guard text[index].isDigit else { return nil }
            value = value * 10 + Int(text[index] - 0x30)
        }
        return value
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

extension UnsafeMutableBufferPointer<UInt8> {
    fileprivate func put(_ value: Int, digits: Int, at start: Int, then separator: UnicodeScalar) {
        var rest = value
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            self[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        self[start + digits] = UInt8(truncatingIfNeeded: separator.value)
    }
}
