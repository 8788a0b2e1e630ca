import Testing

@testable import ExportsWorker
@testable import Postgres

@Suite struct CellKindTests {
    @Test(arguments: [
        ("bigint", "123", CellKind.Value.number(123)), ("bigint", "-7", .number(-7)),
        ("bigint", "999999999999999", .number(999_999_999_999_999)), ("bigint", "1234567890123456", .text),
        ("numeric(10,2)", "-12.50", .number(-12.5)), ("numeric", "0.000000000000001", .number(1e-15)),
        ("numeric", "1.0000000000000001", .text), ("numeric", "NaN", .text), ("real", "1e-05", .number(1e-5)),
        ("double precision", "0.1", .number(0.1)), ("double precision", "Infinity", .text),
        ("double precision", "1.7976931348623157e+308", .text),
        ("boolean", "t", .bool(true)), ("boolean", "f", .bool(false)), ("date", "2026-11-22", .date(46_348)),
        ("date", "1900-03-01", .date(61)), ("date", "1900-02-28", .text), ("date", "infinity", .text),
        ("date", "10000-01-01", .text), ("date", "0044-03-15 BC", .text), ("date", "2000-02-29", .date(36_585)),
        ("timestamp with time zone", "2026-11-22 12:00:00+00", .timestamp(46_348.5)),
        ("timestamp(3) without time zone", "2026-11-22 06:00:00.000", .timestamp(46_348.25)),
        ("timestamp with time zone", "2026-11-22 12:00:00+01", .text),
        ("timestamp with time zone", "-infinity", .text), ("text", "123", .text), ("uuid", "1", .text),
    ])
    func values(type: String, text: String, expected: CellKind.Value) {
        let column = ResultColumn(name: "c", type: .bytea, typeName: type)
        #expect(CellKind(of: column).value(of: Array(text.utf8)) == expected)
    }

    /// They are numbers all the same.
    @Test(arguments: [
        ("double precision", "0.30000000000000004", true), ("double precision", "-1.7976931348623157e+30", true),
        ("double precision", "0.0001234567890123456", false), ("double precision", "0.1", false),
        ("double precision", "1234567890123456e+100", false), ("real", "3.4028235e+38", false),
        ("bigint", "12345678901234567", false), ("text", "0.30000000000000004", false),
    ])
    func numbersThatLoseDigitsAreTold(type: String, text: String, expected: Bool) {
        let kind = CellKind(of: ResultColumn(name: "c", type: .bytea, typeName: type))
        #expect(kind.isRounded(Array(text.utf8)) == expected)
        if expected { #expect(kind.value(of: Array(text.utf8)) == Double(text).map(CellKind.Value.number)) }
    }

    @Test func sheetsHaveNamesOfTheirOwn() {
        var names = SheetNames()
        #expect(names.next(for: "Jobs") == "Jobs")
        #expect(names.next(for: "jobs") == "jobs (2)")
        #expect(names.next(for: "a/b[c]:d?") == "a_b_c__d_")
        #expect(names.next(for: "'x'") == "_x_")
        #expect(names.next(for: "History") == "History_")
        let long = String(repeating: "n", count: 40)
        #expect(names.next(for: long) == String(repeating: "n", count: 31))
        #expect(names.next(for: long) == String(repeating: "n", count: 27) + " (2)")
        #expect(names.next(for: String(repeating: "😀", count: 20)).utf16.count == 30)
    }
}
