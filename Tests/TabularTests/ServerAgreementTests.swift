import Foundation
import Postgres
import Tabular
import TestKit
import Testing

/// What the writer lets pass, the server takes; and of the types whose texts are few, what the server takes the writer lets pass.
@Suite struct ServerAgreementTests {
    private struct Sample: Sendable {
        let type: String
        let seeds: [String]
        let letters: String
        var isMutual = false
    }

    private static let samples = [
        Sample(type: "smallint", seeds: ["32767", "-32768", "0", "+7"], letters: "0123456789+- ", isMutual: true),
        Sample(
            type: "bigint", seeds: ["9223372036854775807", "-9223372036854775808"], letters: "0123456789+-",
            isMutual: true),
        Sample(
            type: "numeric(5,2)", seeds: ["999.994", "-1.5e2", "99.9995e1", "0.005"], letters: "0123456789+-.e",
            isMutual: true),
        Sample(type: "numeric(2,-1)", seeds: ["994", "99.5e1", "1"], letters: "0123459.e-", isMutual: true),
        Sample(
            type: "double precision", seeds: ["1e308", "-2.5e-324", "1.7976931348623157e308", "NaN"],
            letters: "0123456789+-.eNa", isMutual: true),
        Sample(
            type: "real", seeds: ["3.4e38", "1e-45", "16777217", "-Infinity"], letters: "0123456789+-.eIn",
            isMutual: true),
        Sample(type: "boolean", seeds: ["true", "off", "YES", "0"], letters: "trueoffyesno10 "),
        Sample(
            type: "uuid", seeds: ["550e8400-e29b-41d4-a716-446655440000", "{550e8400e29b41d4a716446655440000}"],
            letters: "0aF-{}", isMutual: true),
        Sample(type: "date", seeds: ["2024-02-29", "1999-12-31", "infinity", "2024-1-5"], letters: "0123456789- T:"),
        Sample(
            type: "timestamp",
            seeds: ["2024-02-29T23:59:60", "2024-02-29T23:59:59.5", "2024-02-29 7:00", "2024-01-01 10:00Z"],
            letters: "0123456789- T:.Z+"),
        Sample(
            type: "timestamptz", seeds: ["2024-02-29 23:59:59+15:59", "2024-01-01T10:00-0130", "2024-01-01 10:00 UTC"],
            letters: "0123456789- T:.Z+"),
        Sample(type: "time", seeds: ["23:59:59.123456", "23:59:60", "7:00", "24:00:00"], letters: "0123456789:. "),
        Sample(
            type: "json", seeds: ["{\"a\": [1, -2.5e3, null]}", "\"x\\u00e9\"", "[true,false]"],
            letters: "{}[]\":,0123e.-tfnul \\"),
        Sample(
            type: "jsonb", seeds: ["{\"a\":1,\"a\":{}}", "[\"\\ud83d\\ude00\"]", "0.10"], letters: "{}[]\":,0123e.-u \\"
        ),
        Sample(type: "bytea", seeds: ["\\xDEADbeef", "\\x"], letters: "\\x0aFg"),
        Sample(type: "varchar(5)", seeds: ["abcde", "äöüß  ", "日本語"], letters: "aä 日\\"),
    ]

    /// The texts that begin the search, each with up to three of its letters changed.
    private func texts(_ sample: Sample) -> [String] {
        var generator = Seeded(state: 11)
        let letters = Array(sample.letters)
        return (0..<1500).map { number in
            var text = Array(sample.seeds[number % sample.seeds.count])
            for _ in 0..<(number / sample.seeds.count % 4) {
                let letter = letters.randomElement(using: &generator) ?? " "
                let place = Int.random(in: 0...text.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text.insert(letter, at: place)
                case 1 where place < text.count: text[place] = letter
                default: if place < text.count { text.remove(at: place) }
                }
            }
            return String(text)
        }
    }

    /// What the writer makes of a text, as the server has it after COPY; nil where it refuses.
    private func written(_ text: String, _ type: String) throws -> String? {
        let source = ArraySource(Array("\"\(text.replacing("\"", with: "\"\""))\"".utf8))
        let reader = try CSVReader(source, dialect: Dialect(), columns: 1)
        var (record, output) = (Record(), [UInt8]())
        #expect(try reader.read(into: &record) == .record)
        var writer = CopyWriter(columns: [CopyColumn(field: 0, name: "x", type: ColumnType(named: type))])
        guard writer.append(record, to: &output).isEmpty else { return nil }
        // Backslashes are all that these texts have to be escaped.
        return String(decoding: output.dropLast(), as: UTF8.self).replacing("\\\\", with: "\\")
    }

    @Test func theServerAgrees() async throws {
        try await TestDatabase.with(isMigrated: false) { test in
            try await test.database.query(
                """
                CREATE FUNCTION accepts(value text, type text) RETURNS boolean LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE format('SELECT %L::%s', value, type); RETURN true; EXCEPTION WHEN others THEN RETURN false; END $$
                """)
            for sample in Self.samples {
                let texts = texts(sample)
                let passed = try texts.map { try written($0, sample.type) }
                #expect(passed.contains { $0 != nil })
                #expect(passed.contains(nil))
                for (text, written) in zip(texts, passed) where written != nil || sample.isMutual {
                    let value = written ?? text
                    let rows = try await test.database.query("SELECT accepts(\(value), \(sample.type)) AS accepts")
                    // A cast cuts what is too long; COPY does not.
                    let accepts: Bool = try #require(rows.first).decode("accepts")
                    #expect(accepts == (written != nil), "\(sample.type): '\(text)' is \(written ?? "refused")")
                }
            }
        }
    }
}
