import Markup

/// How numbers are shown: which of them are times.
package struct CellFormats {
    private enum Kind { case number, date, time, both, elapsed, percent }

    /// By the number of the cell's style.
    private var kinds: [Kind] = []
    private let startsIn1904: Bool

    init(_ archive: DocumentArchive, styles part: String?, startsIn1904: Bool) throws(ExtractionError) {
        self.startsIn1904 = startsIn1904
        guard let part, let xml = try archive.xml(part) else { return }
        var codes: [Int: String] = [:]
        var isInCells = false
        while let event = try xml.next() {
            switch event {
            case .start("numFmt"):
                if let id = xml["numFmtId"].flatMap({ Int($0) }) { codes[id] = xml["formatCode"] }
            case .start("cellXfs"): isInCells = true
            case .end("cellXfs"): isInCells = false
            case .start("xf") where isInCells:
                let id = xml["numFmtId"].flatMap { Int($0) } ?? 0
                kinds.append(codes[id].map(Self.kind) ?? Self.kind(builtIn: id))
            default: break
            }
        }
    }

    /// A number as its cell shows it; times as ISO 8601, whatever the format's order of day and month.
    package func shown(_ value: String, style: Int) -> String {
        guard let number = Double(value), number.isFinite else { return value }
        switch kinds.indices.contains(style) ? kinds[style] : .number {
        case .number: return Self.plain(number) ?? value
        case .percent: return (Self.plain((number * 10_000).rounded() / 100) ?? value) + "%"
        case .elapsed: return Self.elapsed(number) ?? value
        case .date, .both, .time: return time(number, kinds[style]) ?? value
        }
    }

    /// 0.1 + 0.2 is stored as 0.30000000000000004 and shown with 15 digits.
    private static func plain(_ number: Double) -> String? {
        if number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
        let scale = 1e15 / pow10(abs(number))
        guard scale.isFinite, scale > 0, (number * scale).isFinite else { return nil }
        return String((number * scale).rounded() / scale)
    }

    /// The smallest power of ten above a number.
    private static func pow10(_ number: Double) -> Double {
        var power = 1.0
        while power <= number && power < 1e300 { power *= 10 }
        while power / 10 > number && power > 1e-300 { power /= 10 }
        return power
    }

    /// Hours, minutes and seconds, however many hours.
    private static func elapsed(_ days: Double) -> String? {
        guard abs(days) < 1e9 else { return nil }
        let seconds = Int((abs(days) * 86_400).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (days < 0 ? "-" : "") + "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    /// What a cell holds: as `shown`, but a time to the millisecond, and any other number as it stands. Nil when the style
    /// says that the number is a time and it is none.
    package func stored(_ value: String, style: Int) -> (text: String, isNumber: Bool)? {
        let kind = kinds.indices.contains(style) ? kinds[style] : .number
        guard kind != .number, kind != .percent, let number = Double(value), number.isFinite else {
            return (Self.shortest(value), true)
        }
        if kind == .elapsed { return Self.elapsed(number).map { ($0, false) } }
        // A date format on a number with a part of a day is a date all the same; its time would be lost otherwise.
        let isWhole = number == number.rounded(.down)
        return time(number, kind == .date && !isWhole ? .both : kind, perSecond: 1000).map { ($0, false) }
    }

    /// A number with so many digits is what a program made of one with fewer: 0.1 is also written as 0.10000000000000001.
    private static func shortest(_ value: String) -> String {
        guard value.utf8.count > 16, value.contains("."), let number = Double(value), number.isFinite else {
            return value
        }
        return number.description
    }

    /// - Parameter perSecond: to which part of a second the time is rounded; 1 or 1000.
    private func time(_ number: Double, _ kind: Kind, perSecond: Int = 1) -> String? {
        // Day 60 of the calendar of 1900 is a 29th of February that was none.
        let epoch = startsIn1904 ? -24_107 : number < 60 ? -25_568 : -25_569
        guard number >= 0, number < 2_958_466 else { return nil }
        let parts = Int((number * 86_400 * Double(perSecond)).rounded())
        let text = Timestamp.format(parts / perSecond + epoch * 86_400)
        let fraction = parts % perSecond == 0 ? "" : "." + String(1000 + parts % perSecond).dropFirst()
        switch kind {
        case .date: return String(text.prefix(10))
        case .time: return text.dropFirst(11).prefix(8) + fraction
        default: return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + fraction
        }
    }

    /// ECMA-376 part 1, 18.8.30.
    private static func kind(builtIn id: Int) -> Kind {
        switch id {
        case 9, 10: .percent
        case 14...17, 27...31, 36, 50...58: .date
        case 18...21, 32...35, 45, 47: .time
        case 46: .elapsed
        case 22: .both
        default: .number
        }
    }

    private static func kind(_ code: String) -> Kind {
        let lower = code.lowercased()
        if ["[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"].contains(where: lower.contains) { return .elapsed }
        var letters: Set<Character> = []
        var (isQuoted, isBracketed, isEscaped) = (false, false, false)
        // What stands in quotes, in brackets or behind one of these signs says nothing; only the first section counts.
        for character in lower {
            if isEscaped {
                isEscaped = false
            } else if "\\_*".contains(character) {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == "[" {
                isBracketed = true
            } else if character == "]" {
                isBracketed = false
            } else if character == ";" && !isQuoted {
                break
            } else if !isQuoted && !isBracketed {
                letters.insert(character)
            }
        }
        let hasTime = !letters.isDisjoint(with: ["h", "s"])
        // An m beside hours or seconds is a minute.
        let hasDate = !letters.isDisjoint(with: ["y", "d"]) || (letters.contains("m") && !hasTime)
        if hasDate { return hasTime ? .both : .date }
        if hasTime { return .time }
        return letters.contains("%") ? .percent : .number
    }
}
