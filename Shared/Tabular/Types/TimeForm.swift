import JSON

/// A date, a time, or both, as they are written.
struct TimeForm {
    /// What a text says about its zone.
    enum Zone: Equatable {
        case none
        /// `Z`, or no offset from UTC.
        case utc
        case offset
    }

    private(set) var year = 0
    private(set) var month = 0
    private(set) var day = 0
    private(set) var hasTime = false
    /// Whether the time is 00:00:00.
    private(set) var isMidnight = true
    private(set) var zone = Zone.none
    /// Where the time begins, behind the date; the length of the text without one.
    private(set) var timeStart = 0
    /// Whether the date is in the order of ISO 8601, and the text can go to the server as it stands.
    private(set) var isISO = true

    /// Nil for what is no date with or without a time, and for days that no calendar has.
    init?(_ text: Bytes, order: DateOrder) {
        var cursor = Cursor(text: text)
        guard let parts = cursor.date(order), CivilDay(year: parts.year, month: parts.month, day: parts.day) != nil
        else {
            return nil
        }
        (year, month, day, isISO) = parts
        timeStart = cursor.position
        guard cursor.position < text.count else { return }
        let separator = text[cursor.position]
        guard separator == UInt8(ascii: "T") || separator == UInt8(ascii: "t") || separator == 0x20 else { return nil }
        cursor.position += 1
        guard let midnight = cursor.time(), let zone = cursor.zone() else { return nil }
        (hasTime, isMidnight, self.zone) = (true, midnight, zone)
    }

    /// Whether the text is a time of day without a zone.
    static func isTime(_ text: Bytes) -> Bool {
        var cursor = Cursor(text: text)
        return cursor.time() != nil && cursor.position == text.count
    }
}

/// Reads the parts of a time from a text.
private struct Cursor {
    let text: Bytes
    var position = 0

    private func digits(at start: Int) -> Int {
        var end = start
        while end < text.count, text[end].isDigit { end += 1 }
        return end - start
    }

    /// Takes a number of at least and at most so many digits.
    private mutating func number(_ least: Int, _ most: Int) -> Int? {
        let count = digits(at: position)
        guard count >= least, count <= most else { return nil }
        var value = 0
        for _ in 0..<count {
            value = value * 10 + Int(text[position] - 0x30)
            position += 1
        }
        return value
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    mutating func date(_ order: DateOrder) -> (year: Int, month: Int, day: Int, isISO: Bool)? {
        if digits(at: 0) == 4 {
            guard let year = number(4, 4), take("-"), let month = number(1, 2), take("-"), let day = number(1, 2) else {
                return nil
            }
            // The server knows no year 0.
            return year > 0 ? (year, month, day, true) : nil
        }
        guard order != .iso, let first = number(1, 2), position < text.count else { return nil }
        let separator = text[position]
        guard separator == UInt8(ascii: ".") || separator == UInt8(ascii: "/") || separator == UInt8(ascii: "-") else {
            return nil
        }
        position += 1
        guard let second = number(1, 2), position < text.count, text[position] == separator else { return nil }
        position += 1
        guard let year = number(4, 4), year > 0 else { return nil }
        return order == .dayMonthYear ? (year, second, first, false) : (year, first, second, false)
    }

    /// Takes a time of day; says whether it is midnight.
    mutating func time() -> Bool? {
        guard let hour = number(1, 2), hour <= 24, take(":"), let minute = number(2, 2), minute < 60 else { return nil }
        var (second, hasFraction) = (0, false)
        if take(":") {
            guard let value = number(2, 2), value <= 60 else { return nil }
            second = value
            if take(".") || take(",") {
                guard position < text.count, text[position - 1] == UInt8(ascii: ".") else { return nil }
                let start = position
                position += digits(at: position)
                guard position > start else { return nil }
                hasFraction = text[start..<position].contains { $0 != 0x30 }
                // The server takes a leap second for the next one, and nothing of it.
                if second == 60 && hasFraction { return nil }
            }
        }
        let isWholeHour = minute == 0 && second == 0 && !hasFraction
        // The end of the day is a time of its own.
        guard hour < 24 || isWholeHour else { return nil }
        return hour == 0 && isWholeHour
    }

    /// Takes what is left as a zone.
    mutating func zone() -> TimeForm.Zone? {
        let hasBlank = position < text.count && text[position] == 0x20
        if hasBlank { position += 1 }
        guard position < text.count else { return hasBlank ? nil : TimeForm.Zone.none }
        if (take("Z") || take("z")) && position == text.count { return .utc }
        if take("+") || take("-") { return offset() }
        // Of other names only the server knows whether they are any, and one that is none would end the whole COPY.
        let name = Bytes(rebasing: text[position...])
        return hasBlank && (name.isWord("utc") || name.isWord("gmt")) ? .utc : nil
    }

    private mutating func offset() -> TimeForm.Zone? {
        var (hours, minutes) = (0, 0)
        if digits(at: position) == 4 {
            guard let both = number(4, 4) else { return nil }
            (hours, minutes) = (both / 100, both % 100)
        } else {
            guard let value = number(1, 2) else { return nil }
            hours = value
            if take(":") {
                guard let value = number(2, 2) else { return nil }
                minutes = value
            }
        }
        // PostgreSQL's own limit is below 16 hours.
        guard position == text.count, hours < 16, minutes < 60 else { return nil }
        return hours == 0 && minutes == 0 ? .utc : .offset
    }
}

/// A UUID as it is written: 32 hexadecimal digits, with hyphens behind groups of four or none, in braces or not.
enum UUIDForm {
    static func matches(_ text: Bytes) -> Bool {
        var (index, end, digits) = (0, text.count, 0)
        if text.first == UInt8(ascii: "{") {
            guard text.last == UInt8(ascii: "}") else { return false }
            (index, end) = (1, end - 1)
        }
        while index < end {
            if text[index].isHexDigit {
                digits += 1
            } else {
                guard text[index] == UInt8(ascii: "-"), digits > 0, digits < 32, digits.isMultiple(of: 4),
                    text[index - 1] != UInt8(ascii: "-")
                else { return false }
            }
            index += 1
        }
        return digits == 32
    }
}
