import JSON

/// When something recurs: a cron expression of five fields (minute, hour, day of month, month, day of week).
///
/// Accepted: `*`, numbers, ranges `a-b`, steps `*/n` and `a-b/n`, lists of these with commas; `jan` to `dec` and `sun` to `sat` in any
/// case, also in ranges and lists; 0 and 7 for Sunday; and in the place of all five fields `@yearly` (`@annually`), `@monthly`,
/// `@weekly`, `@daily` (`@midnight`) and `@hourly`. Everything else is refused: seconds, years, `L`, `W`, `#`, `?`, `@reboot`, a step
/// after a single number, ranges that go backwards, and dates that no year has.
///
/// Days are as in Vixie cron: when both fields of days are restricted, a day that fits either is meant; when one of them begins with
/// `*`, a day must fit both.
public struct CronExpression: Sendable {
    /// The text as it was given.
    public let text: String
    let minutes: [Int]
    let hours: [Int]
    private let day: CronField
    private let month: CronField
    private let weekday: CronField

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// Reads an expression.
    public init(_ text: String) throws(CronError) {
        guard text.utf8.count <= 200 else { throw CronError("a cron expression has at most 200 bytes") }
        var fields = text[...]
        if text.hasPrefix("@") {
            guard let macro = Self.macros[text.lowercased()] else {
                throw CronError(
                    "\"\(text)\" is not known; there are \(Self.macros.keys.sorted().joined(separator: ", "))")
            }
            fields = macro[...]
        }
        let parts = fields.split { $0 == " " || $0 == "\t" }
        guard parts.count == 5 else {
            throw CronError(
                "five fields are expected (minute, hour, day of month, month, day of week), not \(parts.count)")
        }
        self.text = text
        minutes = try CronField(parts[0], .minute).values(in: CronField.Kind.minute.range)
        hours = try CronField(parts[1], .hour).values(in: CronField.Kind.hour.range)
        day = try CronField(parts[2], .day)
        month = try CronField(parts[3], .month)
        weekday = try CronField(parts[4], .weekday)
        guard isPossible else { throw CronError("this never happens: none of its months has such a day") }
    }

    /// Whether the hour is left open: such an expression goes by the time that passes, not by the clock on the wall.
    var isEveryHour: Bool { hours.count == 24 }

    private var needsBoth: Bool { day.beginsWithStar || weekday.beginsWithStar }

    /// Whether the day is one that the expression means.
    func fits(_ civil: CivilDay) -> Bool {
        guard month.contains(civil.month) else { return false }
        let isDay = day.contains(civil.day)
        let isWeekday = weekday.contains(civil.weekday)
        return needsBoth ? isDay && isWeekday : isDay || isWeekday
    }

    private var isPossible: Bool {
        guard needsBoth else { return true }
        // A leap year knows all days. A weekday falls on each of them in some year.
        return month.values(in: CronField.Kind.month.range).contains { month in
            day.values(in: CronField.Kind.day.range).contains { CivilDay(year: 2024, month: month, day: $0) != nil }
        }
    }
}
