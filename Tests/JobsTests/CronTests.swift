import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct CronTests {
    private func ticks(
        _ text: String, after moment: String, in zone: String = "UTC", _ limit: Int
    ) throws -> [String] {
        let zone = try #require(TimeZone(ianaName: zone))
        let moment = try #require(Date(rfc3339: moment))
        return try CronExpression(text).ticks(after: moment, in: zone, limit: limit).map {
            String($0.rfc3339().prefix(16))
        }
    }

    @Test(arguments: [
        ("* * * * *", ["2026-01-01T00:01", "2026-01-01T00:02"]),
        ("*/15 * * * *", ["2026-01-01T00:15", "2026-01-01T00:30"]),
        ("5-50/20 3 * * *", ["2026-01-01T03:05", "2026-01-01T03:25", "2026-01-01T03:45", "2026-01-02T03:05"]),
        (
            "0 9,17 * * mon-fri",
            ["2026-01-01T09:00", "2026-01-01T17:00", "2026-01-02T09:00", "2026-01-02T17:00", "2026-01-05T09:00"]
        ),
        ("0 0 * * 7", ["2026-01-04T00:00", "2026-01-11T00:00"]),
        ("0 0 * * 0", ["2026-01-04T00:00", "2026-01-11T00:00"]),
        ("0 0 * * fri-sun", ["2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00", "2026-01-09T00:00"]),
        ("0 0 * * SAT,sun", ["2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"]),
        ("0 0 31 * *", ["2026-01-31T00:00", "2026-03-31T00:00", "2026-05-31T00:00"]),
        ("0 0 1 jan-mar/2 *", ["2026-03-01T00:00", "2027-01-01T00:00"]),
        ("30 4 1,15 * 5", ["2026-01-01T04:30", "2026-01-02T04:30", "2026-01-09T04:30", "2026-01-15T04:30"]),
        ("0 0 13 * */5", ["2026-02-13T00:00", "2026-03-13T00:00", "2026-09-13T00:00", "2026-11-13T00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        ("@hourly", ["2026-01-01T01:00", "2026-01-01T02:00"]),
        ("@daily", ["2026-01-02T00:00"]), ("@midnight", ["2026-01-02T00:00"]),
        ("@weekly", ["2026-01-04T00:00"]), ("@monthly", ["2026-02-01T00:00"]),
        ("@yearly", ["2027-01-01T00:00"]), ("@Annually", ["2027-01-01T00:00"]),
        (" 0\t12  * *  * ", ["2026-01-01T12:00"]),
    ])
    func whenItHappens(text: String, expected: [String]) throws {
        #expect(try ticks(text, after: "2026-01-01T00:00:00Z", expected.count) == expected)
    }

    /// Every fifth weekday is Sunday and Friday; a leap day that is one of them comes round within decades.
    @Test func aLeapDayOnAGivenWeekdayIsFoundAndTheYear2100IsNoLeapYear() throws {
        #expect(
            try ticks("0 0 29 2 */7", after: "2026-01-01T00:00:00Z", 2) == ["2032-02-29T00:00", "2060-02-29T00:00"])
        #expect(try ticks("0 0 29 2 *", after: "2096-03-01T00:00:00Z", 1) == ["2104-02-29T00:00"])
    }

    @Test(arguments: [
        // 29 March 2026: 02:00 CET becomes 03:00 CEST, which is 01:00 UTC.
        (
            "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
        ),
        // Several ticks of the hour that is passed over are one.
        ("0,15,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        // What falls together with a tick that exists is one too.
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        // Every hour goes by the time that passes.
        (
            "30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
            ["2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"]
        ),
        // 25 October 2026: 03:00 CEST becomes 02:00 CET, which is 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", ["2026-10-26T01:30"]),
        (
            "30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z",
            ["2026-10-24T23:30", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"]
        ),
        ("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T02:00", "2026-10-26T02:00"]),
        // 8 March 2026: 02:00 EST becomes 03:00 EDT, 07:00 UTC. 1 November: 02:00 EDT becomes 01:00 EST, 06:00 UTC.
        ("15 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", ["2026-03-08T07:00", "2026-03-09T06:15"]),
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        (
            "@hourly", "America/New_York", "2026-11-01T04:30:00Z",
            ["2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00"]
        ),
        ("0 12 * * *", "America/New_York", "2026-03-07T12:00:00Z", ["2026-03-07T17:00", "2026-03-08T16:00"]),
        // Half an hour, and half an hour's change.
        ("0 0 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", ["2026-01-01T18:30"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", ["2026-10-03T15:30", "2026-10-04T15:15"]),
        // Midnight itself is passed over.
        ("0 0 * * *", "America/Asuncion", "2023-09-30T12:00:00Z", ["2023-10-01T04:00", "2023-10-02T03:00"]),
        // A day that never was: Samoa went from 29 to 31 December 2011.
        ("0 9 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", ["2011-12-30T10:00", "2012-12-29T19:00"]),
    ])
    func whereTheClockIsMoved(text: String, zone: String, moment: String, expected: [String]) throws {
        #expect(try ticks(text, after: moment, in: zone, expected.count) == expected)
    }

    /// Whatever the expression: ticks grow, and the clock on the wall shows what was asked for unless it was moved that day.
    @Test(arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
    func overAYearTheClockShowsWhatWasAskedFor(name: String) throws {
        let zone = try #require(TimeZone(ianaName: name))
        let start = try #require(Date(rfc3339: "2026-01-01T00:00:00Z"))
        let ticks = try CronExpression("10,40 */6 * * *").ticks(after: start, in: zone, limit: 365 * 8)
        #expect(ticks.count == 365 * 8 && zip(ticks, ticks.dropFirst()).allSatisfy { $0 < $1 })
        for tick in ticks {
            let clock = Int(tick.timeIntervalSince1970) + zone.secondsFromGMT(for: tick)
            #expect([600, 2400].contains(clock % 3600) && (clock / 3600 % 24).isMultiple(of: 6))
        }
    }

    @Test(arguments: [
        ("", "five fields"), ("* * * *", "not 4"), ("* * * * * *", "not 6"), ("@reboot", "@reboot"), ("@", "not known"),
        ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"), ("* * 32 * *", "day of month"),
        ("* * * 0 *", "month"), ("* * * 13 *", "month"), ("* * * * 8", "day of week"),
        ("* * * * sunday", "day of week"),
        ("* * * foo *", "jan, feb"), ("mon * * * *", "minute"), ("10-5 * * * *", "backwards"),
        ("* * * * sat-mon", "backwards"),
        ("*/0 * * * *", "step"), ("*/60 * * * *", "step"), ("5/10 * * * *", "5-59/10"), ("*/ * * * *", "number"),
        ("1, * * * *", "number"), (", * * * *", "number"), ("1-2-3 * * * *", "two ends"), ("-5 * * * *", "number"),
        ("+5 * * * *", "number"), ("1.5 * * * *", "number"), ("? * * * *", "number"), ("* * L * *", "number"),
        ("* * 15W * *", "number"), ("* * * * 5#2", "number"), ("٣ * * * *", "number"),
        ("99999999999999999999 * * * *", "number"),
        ("0 0 30 2 *", "never"), ("0 0 31 4,6,9,11 *", "never"), ("0 0 31 2 */2", "never"),
    ])
    func whatIsRefused(text: String, because: String) {
        do {
            _ = try CronExpression(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.description.contains(because), "\(error)")
        }
    }

    @Test func anImpossibleDayWithAWeekdayIsTheWeekdayAlone() throws {
        #expect(try ticks("0 0 30 2 1", after: "2026-02-01T00:00:00Z", 2) == ["2026-02-02T00:00", "2026-02-09T00:00"])
    }

    @Test(arguments: [
        "", "EST", "PST", "GMT+2", "+02:00", "Mars/Olympus", "Europe/../Europe/Berlin", "berlin", "/etc/passwd",
    ])
    func whatIsNoZone(name: String) {
        #expect(TimeZone(ianaName: name) == nil)
    }

    @Test(arguments: ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Calcutta"])
    func whatIsAZone(name: String) {
        #expect(TimeZone(ianaName: name) != nil)
    }
}
