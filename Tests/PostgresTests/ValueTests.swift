import Foundation
import Postgres
import Testing

/// A made-up type of a user of the module.
private enum Colour: String, PostgresScalar { case red, blue }

@Suite struct ValueTests {
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable & Sendable>(
        _ database: Database, _ values: [T], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for value in values {
            let answer = try await database.value("SELECT \(value) AS value", as: T.self)
            #expect(answer == value, sourceLocation: sourceLocation)
        }
    }

    @Test func scalarsComeBackAsTheyWent() async throws {
        try await TestSchema.with { _, database in
            try await roundTrip(database, [true, false])
            try await roundTrip(database, [Int16.min, 0, Int16.max])
            try await roundTrip(database, [Int32.min, 0, Int32.max])
            try await roundTrip(database, [Int64.min, 0, Int64.max])
            try await roundTrip(database, [Int.min, -1, Int.max])
            try await roundTrip(database, [0.0, -1.5, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
            try await roundTrip(
                database, [Float(0), -1.5, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
            try await roundTrip(database, [[Float](), [1.5, -0.1]])
            try await roundTrip(database, ["", "a", "Ünïcödé 🚀 e\u{301}", "';DROP TABLE x;--", "\\ \" \n"])
            try await roundTrip(database, [UUID(), UUID()])
            try await roundTrip(database, [[UInt8](), [0], Array(0...255)])
            try await roundTrip(database, [Duration.zero, .milliseconds(-1_500), .seconds(86_400 * 400)])
            try await roundTrip(database, [Colour.red, .blue])
            try await roundTrip(
                database,
                [Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_700_000_000.125), .distantPast])
        }
    }

    @Test func datesAgreeWithTheServer() async throws {
        try await TestSchema.with { _, database in
            let date = try await database.value(
                "SELECT '2024-02-29 12:00:00.000001+02'::timestamptz AS value", as: Date.self)
            #expect(abs(date.timeIntervalSince1970 - 1_709_200_800.000001) < 0.000_000_5)
            let text = try await database.value(
                "SELECT \(Date(timeIntervalSince1970: 951_782_400.5))::text AS value", as: String.self)
            #expect(text == "2000-02-29 00:00:00.5+00")
            let hour = try await database.value("SELECT \(Duration.seconds(3_600))::text AS value", as: String.self)
            #expect(hour == "01:00:00")
        }
    }

    @Test func nullsAreOptional() async throws {
        try await TestSchema.with { _, database in
            #expect(try await database.value("SELECT \(nil as Int?) AS value", as: Int?.self) == nil)
            #expect(try await database.value("SELECT \(7 as Int?) AS value", as: Int?.self) == 7)
            #expect(try await database.value("SELECT \(nil as [String]?) AS value", as: [String]?.self) == nil)
            #expect(try await database.value("SELECT \("" as String?) IS NULL AS value", as: Bool.self) == false)
            let error = try await failure {
                _ = try await database.value("SELECT NULL::uuid AS value", as: UUID.self)
            }
            #expect(error.kind == .decoding)
            #expect(error.message == "column \"value\": NULL does not decode as UUID")
        }
    }

    @Test func arraysComeBackAsTheyWent() async throws {
        try await TestSchema.with { _, database in
            try await roundTrip(database, [[true, false], []])
            try await roundTrip(database, [[Int16(1), 2], []])
            try await roundTrip(database, [[Int32(1), 2], []])
            try await roundTrip(database, [[Int64(1), 2], []])
            try await roundTrip(database, [[1, 2], []])
            try await roundTrip(database, [[1.5, -2.5], []])
            try await roundTrip(database, [["", "ä", "NULL", "{}"], []])
            try await roundTrip(database, [[UUID(), UUID()], []])
            try await roundTrip(database, [[[UInt8](), [1, 2]], []])
            try await roundTrip(database, [[Date(timeIntervalSince1970: 1.25)], []])
            try await roundTrip(database, [[Duration.seconds(1)], []])
            try await roundTrip(database, [[Colour.red, .blue], []])
            try await roundTrip(database, [[JSONText("{\"a\": 1}"), JSONText("null")], []])
        }
    }

    @Test func arraysHoldNulls() async throws {
        try await TestSchema.with { _, database in
            try await roundTrip(database, [[nil, 1, nil] as [Int?], [], [nil]])
            try await roundTrip(database, [["x", nil, ""] as [String?]])
            try await roundTrip(database, [[UUID(), nil] as [UUID?]])
            try await roundTrip(database, [[nil, [1, 2]] as [[UInt8]?]])
            try await roundTrip(database, [[nil, JSONText("[]")] as [JSONText?]])
            let error = try await failure {
                _ = try await database.value("SELECT \([1, nil]) AS value", as: [Int].self)
            }
            #expect(error.kind == .decoding)
        }
    }

    @Test func unnestPairsTheColumns() async throws {
        try await TestSchema.with { _, database in
            let ids = (0..<100).map { _ in UUID() }
            let notes = (0..<100).map { $0 % 3 == 0 ? nil : "note \($0)" }
            try await database.script("CREATE TABLE item (id uuid PRIMARY KEY, position int8, note text)")
            let inserted = try await database.query(
                """
                INSERT INTO item (id, position, note)
                SELECT * FROM unnest(\(ids), \(Array(0..<100)), \(notes))
                """)
            #expect(inserted.affected == 100)
            let rows = try await database.query("SELECT id, note FROM item ORDER BY position")
            let (id, note) = (rows.column("id"), rows.column("note"))
            #expect(try rows.map { try $0.decode(id, as: UUID.self) } == ids)
            #expect(try rows.map { try $0.decode(note, as: String?.self) } == notes)
        }
    }

    @Test func jsonIsText() async throws {
        try await TestSchema.with { _, database in
            let json = JSONText("{\"name\": \"Ä\", \"list\": [1, null]}")
            #expect(try await database.value("SELECT \(json)->>'name' AS value", as: String.self) == "Ä")
            #expect(try await database.value("SELECT \(json) AS value", as: JSONText.self) != JSONText("{}"))
            let read = try await database.value("SELECT '[1,2]'::json AS value", as: JSONText.self)
            #expect(read == JSONText("[1,2]"))
            let error = try await failure { try await database.query("SELECT \(JSONText("{")) AS value") }
            #expect(error.sqlState == "22P02")
        }
    }

    @Test func nulInTextIsRefusedBeforeItIsSent() async throws {
        try await TestSchema.with { _, database in
            for statement in ["SELECT \("a\0b")", "SELECT \(["ok", "\0"])", "SELECT \(JSONText("\"\0\""))"]
                as [Statement]
            {
                let error = try await failure { try await database.query(statement) }
                #expect(error.kind == .usage)
                #expect(error.message.contains("NUL"))
            }
            #expect(try await database.value("SELECT \(1) AS value", as: Int.self) == 1)
        }
    }

    @Test func integersMustFit() async throws {
        try await TestSchema.with { _, database in
            #expect(try await database.value("SELECT 7::int2 AS value", as: Int.self) == 7)
            #expect(try await database.value("SELECT 7::int8 AS value", as: Int16.self) == 7)
            let overflow = try await failure {
                _ = try await database.value("SELECT 40000::int4 AS value", as: Int16.self)
            }
            #expect(overflow.message == "column \"value\": 40000 does not fit Int16")
            let wrong = try await failure { _ = try await database.value("SELECT 1.5 AS value", as: Double.self) }
            #expect(wrong.message == "column \"value\": a value of numeric does not decode as Double")
            let missing = try await failure { _ = try await database.value("SELECT 1 AS other", as: Int.self) }
            #expect(missing.message == "the result has no column \"value\"")
        }
    }

    @Test(arguments: [("a\0b", "a\u{FFFD}b"), ("\0\u{301}", "\u{FFFD}\u{301}"), ("", ""), ("é", "é")])
    func textWithoutNULHasAsManyScalars(text: String, clean: String) {
        #expect(Array(text.replacingNUL.utf8) == Array(clean.utf8))
        #expect(Array(text.cut(to: 100).utf8) == Array(clean.utf8))
    }

    @Test func enumerationsOfTheServerAreText() async throws {
        try await TestSchema.with { _, database in
            try await database.script("CREATE TYPE colour AS ENUM ('red', 'blue', 'green')")
            #expect(try await database.value("SELECT 'blue'::colour AS value", as: Colour.self) == .blue)
            let back = try await database.value("SELECT \(Colour.red)::colour AS value", as: String.self)
            #expect(back == "red")
            let unknown = try await failure {
                _ = try await database.value("SELECT 'green'::colour AS value", as: Colour.self)
            }
            #expect(unknown.message == "column \"value\": green is not a known Colour")
        }
    }
}
