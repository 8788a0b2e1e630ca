import Dispatch
import Foundation
import Postgres
import Synchronization
import Testing

/// A schema of its own on the server that DATABASE_URL names, for one test.
struct TestSchema {
    let name: String
    let configuration: PostgresConfiguration

    /// Runs the body with an empty schema and drops the schema afterwards.
    static func with(
        statementTimeout: Duration = .seconds(30), _ body: (TestSchema, Database) async throws -> Void
    ) async throws {
        let url = try #require(
            ProcessInfo.processInfo.environment["DATABASE_URL"],
            "DATABASE_URL must name a PostgreSQL server, such as postgresql://postgres@127.0.0.1:5432/postgres")
        let name = "test_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let schema = TestSchema(
            name: name,
            configuration: PostgresConfiguration(
                url: url, applicationName: name, statementTimeout: statementTimeout, searchPath: name))
        let admin = Database(
            PostgresConfiguration(url: url, applicationName: "admin of \(name)"), size: 1, acquireTimeout: .seconds(20))
        let database = Database(schema.configuration, size: 2, acquireTimeout: .seconds(20))
        try await admin.withSession { try $0.script("CREATE SCHEMA \(name)") }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(schema, database)) } catch { outcome = .failure(error) }
        await database.close()
        try await admin.withSession { try $0.script("DROP SCHEMA \(name) CASCADE") }
        await admin.close()
        try outcome.get()
    }
}

/// Waits until the condition holds; fails the test after 20 s.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !(try await condition()) {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs what must fail and answers its error.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation, of body: () async throws -> Void
) async throws -> PostgresError {
    var caught: (any Error)?
    do { try await body() } catch { caught = error }
    return try #require(caught as? PostgresError, "expected a PostgresError", sourceLocation: sourceLocation)
}

extension Database {
    /// The first column of the only row.
    func value<T: PostgresDecodable & Sendable>(_ statement: Statement, as type: T.Type = T.self) async throws -> T {
        let rows = try await query(statement)
        return try #require(rows.first).decode("value", as: type)
    }

    func script(_ sql: String) async throws { try await withSession { try $0.script(sql) } }
}

extension Database {
    /// How many statements like this the schema's other connections run.
    func running(_ schema: TestSchema, like text: String) async throws -> Int {
        try await value(
            """
            SELECT count(*) AS value FROM pg_stat_activity
            WHERE application_name = \(schema.name) AND state = 'active' AND query LIKE \(text) AND pid <> pg_backend_pid()
            """, as: Int.self)
    }

    /// How many connections the schema has besides the one that asks.
    func connectionCount(of schema: TestSchema) async throws -> Int {
        try await value(
            """
            SELECT count(*) AS value FROM pg_stat_activity
            WHERE application_name = \(schema.name) AND pid <> pg_backend_pid()
            """, as: Int.self)
    }

    /// Ends a backend, and returns when it is gone.
    func terminate(_ pid: Int) async throws {
        try await query("SELECT pg_terminate_backend(\(Int32(pid)))")
        try await eventually("the backend is gone") {
            try await value("SELECT count(*) AS value FROM pg_stat_activity WHERE pid = \(pid)", as: Int.self) == 0
        }
    }
}

/// A session that holds its connection until it is told to let go.
final class Holder: Sendable {
    private let holding = DispatchSemaphore(value: 0)
    private let release = DispatchSemaphore(value: 0)
    private let isHolding = Atomic(false)

    func hold(_ database: Database) -> Task<Void, any Error> {
        Task {
            try await database.withSession { [self] _ in
                isHolding.store(true, ordering: .releasing)
                #expect(release.wait(timeout: .now() + 30) == .success)
            }
        }
    }

    func waitUntilHolding() async throws {
        try await eventually("the connection is held") { isHolding.load(ordering: .acquiring) }
    }

    func letGo() { release.signal() }
}
