import Concurrency
import Crypto
import Foundation
import Jobs
import Postgres
import Synchronization

/// A schema of one test's own in the database of `DATABASE_URL`, dropped at the end.
///
/// A schema is several times faster to make than a database, and as separate for all that the job core does: only notifications
/// reach the neighbours, and those mean no more than "look again".
public struct TestDatabase: Sendable {
    /// How to connect; the search path is the schema, and the application name is the schema's too.
    public let configuration: PostgresConfiguration
    /// A pool of four connections.
    public let database: Database
    /// The schema's name.
    public let schema: String

    /// How many tests may have a schema at one time: all tests start together, and the server's connections are counted.
    private static let permits = Permits(count: 6)

    /// Makes a schema, brings it to the newest migration unless told not to, runs the body, and drops the schema.
    ///
    /// - Parameter url: another server than that of `DATABASE_URL`.
    public static func with<Output: Sendable>(
        isMigrated: Bool = true, url: String? = nil, _ body: @Sendable (TestDatabase) async throws -> Output
    ) async throws -> Output {
        try await permits.run { () async throws in
            let test = try TestDatabase(url: url)
            try await test.administer("CREATE SCHEMA \(test.schema)")
            do {
                if isMigrated { try await Migrations.migrate(test.database) }
                let output = try await body(test)
                try await test.drop()
                return output
            } catch {
                try await test.drop()
                throw error
            }
        }
    }

    /// Another pool on the same schema, as another process would have; the caller closes it.
    public func pool(size: Int = 4) -> Database { Database(configuration, size: size) }

    /// Ends every connection to the schema from outside, as a restart of the server would.
    public func terminateConnections() async throws {
        try await administer(
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '\(schema)'; END $$"
        )
    }

    private init(url: String?) throws {
        guard let url = url ?? ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty else {
            throw MissingDatabase()
        }
        schema = "test_\(getpid())_\(Hex.encode(randomBytes(6)))"
        configuration = PostgresConfiguration(
            url: url, applicationName: schema, searchPath: schema, settings: JobStore.planning)
        database = Database(configuration, size: 4, acquireTimeout: .seconds(30))
    }

    private func drop() async throws {
        await database.close()
        try await administer("DROP SCHEMA \(schema) CASCADE")
    }

    /// Runs a script on a connection that is not the test's own. Only names that this file made are spliced.
    private func administer(_ sql: String) async throws {
        var configuration = configuration
        configuration.applicationName = "TestKit"
        configuration.searchPath = nil
        let pool = Database(configuration, size: 1)
        try await pool.withSession { session in try session.script(sql) }
        await pool.close()
    }
}

/// The tests need a server and were not told where it is.
public struct MissingDatabase: Error, CustomStringConvertible {
    /// What to do.
    public var description: String {
        "DATABASE_URL is not set: these tests run against a real PostgreSQL. Start them with compose/test, or set it to a database that may be written to."
    }
}

/// Polls until the condition holds; throws after the time given.
public func eventually(
    within limit: Duration = .seconds(20), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// What a test waited for did not come.
public struct NeverHappened: Error, CustomStringConvertible {
    let what: String

    /// Names what did not come.
    public init(what: String) { self.what = what }

    /// A sentence for people.
    public var description: String { "it did not happen in time: \(what)" }
}
