import Foundation
import Postgres
import Testing

private struct Refused: Error {}

@Suite struct SessionTests {
    @Test func aUniqueViolationNamesItsConstraint() async throws {
        try await TestSchema.with { _, database in
            try await database.script("CREATE TABLE t (id int8, CONSTRAINT t_id_once UNIQUE (id))")
            try await database.query("INSERT INTO t VALUES (\(1))")
            let error = try await failure { try await database.query("INSERT INTO t VALUES (\(1))") }
            #expect(error.kind == .server)
            #expect(error.sqlState == "23505")
            #expect(error.constraint == "t_id_once")
            #expect(error.detail == "Key (id)=(1) already exists.")
            #expect(!error.isTransient)
        }
    }

    @Test func aPipelineIsAllOrNothing() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            try await database.script("CREATE TABLE t (id int8 PRIMARY KEY)")
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            let error = try await failure {
                try await database.pipeline([
                    "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))",
                    "SELECT * FROM t WHERE id > \(0)",
                ])
            }
            #expect(error.sqlState == "23505")
            // The same connection is clean, and statements that never ran are prepared again.
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) == pid)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            let results = try await database.pipeline([
                "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))", "SELECT * FROM t WHERE id > \(0)",
            ])
            #expect(results.map(\.affected) == [1, 1, 2])
            #expect(results.map(\.count) == [0, 0, 2])
            #expect(try await database.pipeline([]).isEmpty)
            await database.close()
        }
    }

    @Test func aPipelineLargerThanTheSocketBuffersRuns() async throws {
        try await TestSchema.with { _, database in
            let text = String(repeating: "x", count: 1_000_000)
            let results = try await database.pipeline((0..<20).map { "SELECT \(text) AS value, \($0) AS number" })
            #expect(results.count == 20)
            for (number, rows) in results.enumerated() {
                #expect(try rows[0].decode("number") == number)
                #expect(try rows[0].decode("value", as: String.self).utf8.count == text.utf8.count)
            }
        }
    }

    @Test func anErrorInTheBodyRollsBack() async throws {
        try await TestSchema.with { _, database in
            try await database.script("CREATE TABLE t (id int8)")
            await #expect(throws: Refused.self) {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    throw Refused()
                }
            }
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            let answer = try await database.transaction { session in
                try session.query("INSERT INTO t VALUES (\(2))")
                return try session.query("SELECT id FROM t").first?.decode("id", as: Int.self)
            }
            #expect(answer == 2)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 1)
        }
    }

    @Test func aSwallowedErrorDoesNotCommit() async throws {
        try await TestSchema.with { _, database in
            try await database.script("CREATE TABLE t (id int8)")
            let error = try await failure {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    #expect(throws: PostgresError.self) { try session.query("SELECT 1/0") }
                }
            }
            #expect(error.sqlState == "25P02")
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
        }
    }

    @Test func transactionsNeitherNestNorLeak() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            try await database.script("CREATE TABLE t (id int8)")
            let nested = try await failure {
                try await database.transaction { session in try session.transaction { _ in } }
            }
            #expect(nested.kind == .usage)
            try await database.withSession { session in
                try session.script("BEGIN")
                try session.query("INSERT INTO t VALUES (\(1))")
            }
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            await database.close()
        }
    }

    @Test func copyLoadsRows() async throws {
        try await TestSchema.with { schema, database in
            try await database.script(
                "CREATE TABLE \"Odd \"\"name\" (id uuid, \"the number\" int8, note text, data jsonb)")
            let rows: [[any PostgresEncodable]] = (0..<5_000).map { number in
                [UUID(), number, number % 2 == 0 ? "note \(number)" : String?.none, JSONText("{\"n\": \(number)}")]
            }
            let columns = ["id", "the number", "note", "data"]
            let count = try await database.withSession { session in
                try session.copyIn("\(schema.name).Odd \"name", columns: columns, rows: rows)
            }
            #expect(count == 5_000)
            let sums = try await database.query(
                """
                SELECT sum("the number")::int8 AS numbers, count(note) AS notes, sum((data->>'n')::int8)::int8 AS data
                FROM "Odd ""name"
                """)
            #expect(try sums[0].decode("numbers") == 12_497_500)
            #expect(try sums[0].decode("notes") == 2_500)
            #expect(try sums[0].decode("data") == 12_497_500)
        }
    }

    @Test func aFailedCopyLeavesNothingAndACleanConnection() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            try await database.script("CREATE TABLE t (id int8 PRIMARY KEY, note text)")
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            let cases: [(rows: [[any PostgresEncodable]], kind: PostgresError.Kind, sqlState: String?)] = [
                ([[1, "a"], [1, "b"]], .server, "23505"), ([[1, "a"], [2, "\0"]], .usage, nil),
                ([[1, "a"], [2]], .usage, nil), ([[Int16(1), "a"]], .server, "08P01"),
            ]
            for (rows, kind, sqlState) in cases {
                let error = try await failure {
                    _ = try await database.withSession { session in
                        try session.copyIn("t", columns: ["id", "note"], rows: rows)
                    }
                }
                #expect(error.kind == kind)
                #expect(error.sqlState == sqlState)
                #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            }
            let missing = try await failure {
                _ = try await database.withSession { session in
                    try session.copyIn("nowhere", columns: ["id"], rows: [[1]])
                }
            }
            #expect(missing.sqlState == "42P01")
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) == pid)
            await database.close()
        }
    }

    @Test func copyingByQueryIsRefused() async throws {
        try await TestSchema.with { _, database in
            for sql in ["COPY (SELECT 1) TO STDOUT", "COPY pg_class FROM STDIN"] {
                let script = try await failure { try await database.script(sql) }
                #expect(script.kind == .usage)
                let query = try await failure { try await database.query(Statement(stringLiteral: sql)) }
                #expect([.usage, .connection, .server].contains(query.kind))
            }
            #expect(try await database.value("SELECT 1::int8 AS value", as: Int.self) == 1)
        }
    }

    @Test func aChangedSchemaReplacesThePlan() async throws {
        try await TestSchema.with { schema, database in
            let one = Database(schema.configuration, size: 1)
            try await database.script("CREATE TABLE t (id int8); INSERT INTO t VALUES (1)")
            #expect(try await one.query("SELECT * FROM t")[0].decode("id") == 1)
            try await database.script("ALTER TABLE t ADD COLUMN note text DEFAULT 'new'")
            #expect(try await one.query("SELECT * FROM t")[0].decode("note") == "new")
            try await database.script("ALTER TABLE t ADD COLUMN other text DEFAULT 'more'")
            let results = try await one.pipeline(["INSERT INTO t VALUES (2)", "SELECT * FROM t ORDER BY id"])
            #expect(try results[1].map { try $0.decode("other", as: String.self) } == ["more", "more"])
            try await database.script("ALTER TABLE t ADD COLUMN last text DEFAULT 'z'")
            let inside = try await failure {
                _ = try await one.transaction { session in try session.query("SELECT * FROM t ORDER BY id") }
            }
            #expect(inside.sqlState == "0A000")
            #expect(inside.isTransient)
            let again = try await one.transaction { session in try session.query("SELECT * FROM t ORDER BY id") }
            #expect(try again[0].decode("last") == "z")
            await one.close()
        }
    }

    @Test func statementsThatSomebodyDeallocatedArePreparedAgain() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            for _ in 0..<2 {
                let answer = try await database.value("SELECT \(1) AS value", as: Int.self)
                #expect(answer == 1)
                try await database.script("DEALLOCATE ALL")
            }
            await database.close()
        }
    }

    @Test func preparedStatementsAreBounded() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            for number in 0..<300 {
                let statement = Statement(stringLiteral: "SELECT \(number)::int8 AS value")
                let answer = try await database.value(statement, as: Int.self)
                #expect(answer == number)
            }
            let held: Statement = "SELECT count(*) AS value FROM pg_prepared_statements"
            // The statement that asks pushes one out, which its own answer still counts.
            let counts = [
                try await database.value(held, as: Int.self), try await database.value(held, as: Int.self),
            ]
            #expect(counts == [257, 256])
            await database.close()
        }
    }

    @Test func aSlowStatementIsStoppedByTheServer() async throws {
        try await TestSchema.with(statementTimeout: .milliseconds(200)) { _, database in
            let error = try await failure { try await database.query("SELECT pg_sleep(60)") }
            #expect(error.kind == .server)
            #expect(error.sqlState == "57014")
            #expect(try await database.value("SELECT 1::int8 AS value", as: Int.self) == 1)
        }
    }
}
