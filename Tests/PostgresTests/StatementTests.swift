import Foundation
import Postgres
import Testing

@Suite struct StatementTests {
    @Test func interpolationNeverSplices() async throws {
        let attack = "x'; DROP TABLE t; --"
        let statement: Statement = "SELECT * FROM t WHERE name = \(attack) AND id = \(1)"
        #expect(statement.sql == "SELECT * FROM t WHERE name = $1 AND id = $2")
        try await TestSchema.with { _, database in
            try await database.script("CREATE TABLE t (name text); INSERT INTO t VALUES ('safe')")
            let rows = try await database.query("SELECT * FROM t WHERE name = \(attack)")
            #expect(rows.isEmpty)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 1)
        }
    }

    @Test func staticTextIsSpliced() {
        let statement: Statement = "SELECT \(raw: "id, name") FROM t WHERE id = \(3)"
        #expect(statement.sql == "SELECT id, name FROM t WHERE id = $1")
    }

    @Test func fragmentsAreRenumbered() async throws {
        let condition: Statement = "a = \("x") OR b = \(2)"
        var statement: Statement = "SELECT \(true) WHERE (\(condition)) AND c = \(["ü"]) "
        statement.append("LIMIT \(nil as Int?)")
        #expect(statement.sql == "SELECT $1 WHERE (a = $2 OR b = $3) AND c = $4 LIMIT $5")
        try await TestSchema.with { _, database in
            let part: Statement = "\("ä")::text || \("b")"
            let joined = try await database.value(
                "SELECT \("1")::text || \(part) || \("2") AS value", as: String.self)
            #expect(joined == "1äb2")
            let empty: Statement = ""
            #expect(try await database.value("SELECT \(5)\(empty) AS value", as: Int.self) == 5)
        }
    }

    @Test func aFragmentThatCannotBeSentStaysSo() async throws {
        try await TestSchema.with { _, database in
            let part: Statement = "\("\0")"
            let error = try await failure { try await database.query("SELECT \(part)") }
            #expect(error.kind == .usage)
        }
    }

    @Test func tooManyParametersAreRefused() async throws {
        var statement: Statement = "SELECT \(0)"
        for _ in 0..<65_535 { statement.append(", \(0)") }
        try await TestSchema.with { [statement] _, database in
            let error = try await failure { try await database.query(statement) }
            #expect(error.kind == .usage)
        }
    }

    @Test func theSameTextWithOtherTypesIsAnotherStatement() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1)
            let first = try await database.value("SELECT \(1)::text AS value", as: String.self)
            #expect(first == "1")
            #expect(try await database.value("SELECT \(true)::text AS value", as: String.self) == "true")
            #expect(try await database.value("SELECT \(2)::text AS value", as: String.self) == "2")
            await database.close()
        }
    }

    @Test func transientErrorsAreTold() {
        func error(_ sqlState: String) -> PostgresError { PostgresError(.server, "", sqlState: sqlState) }
        for sqlState in ["08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03"] {
            #expect(error(sqlState).isTransient, "\(sqlState)")
        }
        for sqlState in ["08P01", "23505", "42601", "57014", "22P02", "0A000"] {
            #expect(!error(sqlState).isTransient, "\(sqlState)")
        }
        #expect(PostgresError(.connection, "").isTransient && PostgresError(.poolTimeout, "").isTransient)
        #expect(!PostgresError(.cancelled, "").isTransient && !PostgresError(.usage, "").isTransient)
    }

    @Test func faultsOfTheDataAreTold() {
        func error(_ sqlState: String) -> PostgresError { PostgresError(.server, "", sqlState: sqlState) }
        for sqlState in ["22P05", "22003", "23505", "23514", "54000"] {
            #expect(error(sqlState).isDataFault, "\(sqlState)")
        }
        for sqlState in ["57014", "25006", "42P01", "40P01", "53100", "08006"] {
            #expect(!error(sqlState).isDataFault, "\(sqlState)")
        }
        #expect(PostgresError(.usage, "").isDataFault)
        #expect(!PostgresError(.connection, "").isDataFault && !PostgresError(.cancelled, "").isDataFault)
        #expect(error("57014").isOverload && error("25006").isOverload && !error("57P01").isOverload)
    }

    @Test(arguments: [
        (#"{"a":"x"}"#, #"{"a":"x"}"#), (#""a\u0000b""#, #""a\ufffdb""#), (#""\\u0000""#, #""\\u0000""#),
        (#""\\\u0000\u0000""#, #""\\\ufffd\ufffd""#), (#""\n\""#, #""\n\""#), ("\\", "\\"), ("", ""),
    ])
    func escapedNULIsReplaced(json: String, clean: String) {
        #expect(String(decoding: JSONText(replacingNUL: Array(json.utf8)).bytes, as: UTF8.self) == clean)
    }
}
