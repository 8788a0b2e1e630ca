import Foundation
import JSON

/// The moments of a cron expression in a time zone.
///
/// The expression speaks of the clock on the wall. Where that clock is moved, the rules are those of Debian's cron(8):
/// - a tick that the clock passes over happens once, at the moment of the change; several such ticks are one;
/// - a tick that the clock shows twice happens the first time only;
/// - an expression with every hour (`*` in the hours) goes by the time that passes: nothing is made up for, nothing left out.
extension CronExpression {
    /// A day that is never found further away than this is never found: 29 February on a given weekday recurs within 40 years.
    private static let horizonDays = 41 * 366

    /// The next ticks, each later than `moment`, in order.
    public func ticks(after moment: Date, in zone: TimeZone, limit: Int) -> [Date] {
        var ticks: [Date] = []
        forEachTick(after: moment, in: zone) { tick in
            ticks.append(tick)
            return ticks.count < limit
        }
        return ticks
    }

    /// Hands over the ticks later than `moment`, in order, as long as the body answers true.
    func forEachTick(after moment: Date, in zone: TimeZone, _ body: (Date) -> Bool) {
        var last = Int(moment.timeIntervalSince1970.rounded(.down))
        // One day back: what its end has left out may happen today.
        var day = (last + zone.offset(at: last)).floorDivided(by: 86_400) - 1
        var horizon = day + Self.horizonDays
        while day <= horizon {
            if fits(CivilDay(daysSince1970: day)) {
                for tick in moments(ofDay: day, zone) where tick > last {
                    guard body(Date(timeIntervalSince1970: Double(tick))) else { return }
                    last = tick
                    horizon = day + Self.horizonDays
                }
            }
            day += 1
        }
    }

    /// In seconds since 1970, in order.
    private func moments(ofDay day: Int, _ zone: TimeZone) -> [Int] {
        let midnight = day * 86_400
        let clock = hours.flatMap { hour in minutes.map { midnight + hour * 3600 + $0 * 60 } }
        // What the zone is away from UTC a day before and a day after: no zone moves its clock twice in three days.
        let before = zone.offset(at: midnight - 86_400)
        let after = zone.offset(at: midnight + 2 * 86_400)
        guard before != after else { return clock.map { $0 - before } }
        return clock.flatMap { moments(at: $0, zone, before, after) }.sorted()
    }

    /// When the clock shows this, near a change of the offset from `before` to `after`.
    private func moments(at clock: Int, _ zone: TimeZone, _ before: Int, _ after: Int) -> [Int] {
        let shown = [clock - before, clock - after].filter { $0 + zone.offset(at: $0) == clock }.sorted()
        if isEveryHour { return shown }
        if let first = shown.first { return [first] }
        // Passed over: the change lies between what the two offsets make of it.
        var early = clock - after
        var late = clock - before
        while late - early > 1 {
            let middle = early + (late - early) / 2
            if zone.offset(at: middle) == before { early = middle } else { late = middle }
        }
        return [late]
    }
}

extension TimeZone {
    fileprivate func offset(at moment: Int) -> Int {
        secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment)))
    }

    /// The zone with this name of the IANA database, such as `Europe/Berlin` or `UTC`; nil for abbreviations and offsets, which do not
    /// tell when a clock is moved.
    public init?(ianaName name: String) {
        guard name == "UTC" || name.contains("/") else { return nil }
        self.init(identifier: name)
    }
}
