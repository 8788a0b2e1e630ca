import Foundation
import Postgres
import Testing

@Suite struct CopyOutTests {
    private struct Enough: Error {}

    @Test func rowsComeAsTheServerWritesThem() async throws {
        try await TestSchema.with { _, database in
            let (text, count) = try await database.withSession { session in
                var text = ""
                let count = try session.copyOut(
                    "SELECT * FROM (VALUES (1, 'a'), (2, NULL), (3, ''), (4, \(literal: "it's \\ 5 o'clock\",", "text"))) v ORDER BY 1",
                    options: "FORMAT csv"
                ) { text += String(decoding: $0, as: UTF8.self) }
                return (text, count)
            }
            #expect(text == "1,a\n2,\n3,\"\"\n4,\"it's \\ 5 o'clock\"\",\"\n")
            #expect(count == 4)
        }
    }

    @Test func namesAndLiteralsStayWhatTheyAre() async throws {
        try await TestSchema.with { _, database in
            let evil = "x\"; DROP TABLE t; --\\'é\u{301}'\u{338}"
            let (names, value) = try await database.withSession { session in
                let query: SQLText =
                    "SELECT \(literal: evil, "text") AS \(name: evil), \(literal: nil, "numeric(7,2)") AS n"
                let columns = try session.columns(of: query)
                var value: [UInt8] = []
                try session.copyOut(
                    "SELECT \(name: evil) FROM (\(query)) q", options: "FORMAT csv, QUOTE \(constant: "'")"
                ) {
                    value += $0
                }
                return (columns, value)
            }
            #expect(names.map(\.name) == [evil, "n"])
            #expect(names.map(\.typeName) == ["text", "numeric(7,2)"])
            let quoted = evil.utf8.flatMap { $0 == UInt8(ascii: "'") ? [$0, $0] : [$0] }
            #expect(value == Array("'".utf8) + quoted + Array("'\n".utf8))
        }
    }

    @Test func aCopyThatIsBrokenOffLeavesTheConnectionWhole() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            await #expect(throws: Enough.self) {
                _ = try await database.withSession { session in
                    try session.snapshot { session in
                        var rows = 0
                        return try session.copyOut(
                            "SELECT repeat('x', 100) FROM generate_series(1, 10000000)", options: "FORMAT csv"
                        ) { _ in
                            rows += 1
                            if rows == 1000 { throw Enough() }
                        }
                    }
                }
            }
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) == pid)
            await database.close()
        }
    }

    @Test func anErrorOfTheServerIsThrown() async throws {
        try await TestSchema.with { _, database in
            let early = try await failure {
                try await database.withSession { _ = try $0.copyOut("SELECT nothing", options: "FORMAT csv") { _ in } }
            }
            #expect(early.sqlState == "42703")
            let late = try await failure {
                try await database.withSession {
                    _ = try $0.copyOut("SELECT 1 / (5000 - n) FROM generate_series(1, 9000) n", options: "FORMAT csv") {
                        _ in
                    }
                }
            }
            #expect(late.sqlState == "22012")
            #expect(try await database.value("SELECT 1 AS value", as: Int.self) == 1)
        }
    }

    @Test func aSnapshotSeesNothingOfOthersAndWritesNothing() async throws {
        try await TestSchema.with { schema, database in
            try await database.script("CREATE TABLE t (id int8)")
            let other = Database(schema.configuration, size: 1)
            let seen = try await database.withSession { session in
                try session.snapshot { session in
                    let before = try session.query("SELECT count(*) AS n FROM t")[0].decode("n", as: Int.self)
                    let written = DispatchSemaphore(value: 0)
                    Task {
                        try await other.query("INSERT INTO t VALUES (\(1))")
                        written.signal()
                    }
                    #expect(written.wait(timeout: .now() + 10) == .success)
                    return (before, try session.query("SELECT count(*) AS n FROM t")[0].decode("n", as: Int.self))
                }
            }
            #expect(seen == (0, 0))
            let refused = try await failure {
                try await database.withSession { _ = try $0.snapshot { try $0.query("INSERT INTO t VALUES (\(2))") } }
            }
            #expect(refused.sqlState == "25006")
            await other.close()
        }
    }
}
