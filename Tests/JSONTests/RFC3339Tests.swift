import Foundation
import JSON
import Testing

@Suite struct RFC3339Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0.0), ("2026-01-02T03:04:05.678Z", 1_767_323_045.678),
        ("2000-02-29T23:59:59.999Z", 951_868_799.999), ("2001-09-09T01:46:40.000Z", 1_000_000_000),
        ("1969-12-31T23:59:59.999Z", -0.001), ("1900-03-01T00:00:00.000Z", -2_203_891_200),
        ("2100-02-28T12:00:00.000Z", 4_107_499_200), ("0000-01-01T00:00:00.000Z", -62_167_219_200),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799.999), ("2038-01-19T03:14:08.000Z", 2_147_483_648),
    ])
    func writesAndReadsKnownTimes(text: String, seconds: Double) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(date.rfc3339() == text)
        #expect(abs((Date(rfc3339: text)?.timeIntervalSince1970 ?? .nan) - seconds) < 1e-5)
    }

    @Test(arguments: [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"), ("2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02 03:04:05Z", "2026-01-02T03:04:05.000Z"), ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
        ("2026-01-02T03:04:05-00:30", "2026-01-02T03:34:05.000Z"),
        ("2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00.000Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"), ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
    ])
    func readsEveryForm(text: String, utc: String) {
        #expect(Date(rfc3339: text)?.rfc3339() == utc)
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05", "2026-1-02T03:04:05Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60",
        "2026-01-02T03:04:05Zx", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z ", "2026/01/02T03:04:05Z",
        "+026-01-02T03:04:05Z",
        "2026-01-02T03:04:05,5Z", "２026-01-02T03:04:05Z", "2026-01-02T-3:04:05Z",
    ])
    func refusesEverythingElse(text: String) {
        #expect(Date(rfc3339: text) == nil)
    }

    @Test func wholeMillisecondsComeBack() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<5000 {
            let milliseconds = Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &generator)
            let text = Date(timeIntervalSince1970: Double(milliseconds) / 1000).rfc3339()
            let back = Date(rfc3339: text)
            #expect(text.utf8.count == 24)
            #expect(back.map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) } == milliseconds)
            #expect(back?.rfc3339() == text)
        }
    }

    @Test func everyDayFollowsTheOneBefore() {
        // Four centuries hold every kind of year; the text must grow day by day.
        var previous = ""
        for day in 0..<146_097 {
            let text = Date(timeIntervalSince1970: Double(day) * 86_400).rfc3339()
            if text <= previous { Issue.record("\(text) comes after \(previous)") }
            previous = text
        }
        #expect(previous == "2369-12-31T00:00:00.000Z")
    }

    @Test func timesBeyondFourDigitsOfAYearAreCut() {
        #expect(Date(timeIntervalSince1970: 1e15).rfc3339() == "9999-12-31T23:59:59.999Z")
        #expect(Date(timeIntervalSince1970: -1e15).rfc3339() == "0000-01-01T00:00:00.000Z")
    }
}
