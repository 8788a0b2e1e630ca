import AMQP
import Concurrency
import Jobs
import Postgres
import Telemetry

extension JobStore {
    /// What keeps the database from answering; nil when it answers.
    public func problem() async -> String? {
        do {
            _ = try await database.query("SELECT 1")
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension JobStore {
    /// Checks the schema and runs `operation` as soon as the database answers: it may come up later than a service.
    ///
    /// - Throws: what is wrong for good, such as `MigrationError`.
    public func whenReachable(log: Logger, _ operation: (JobStore) async throws -> Void = { _ in }) async throws {
        try await Backoff(cap: .seconds(2)).retry(
            while: { ($0 as? PostgresError)?.isTransient == true },
            onFirstFailure: { log.warning("waiting for the database", ["error": .error($0)]) }
        ) {
            try await Migrations.check(database)
            try await operation(self)
        }
    }
}

extension Consumer {
    /// What keeps the consumer from consuming; nil when it does, or was paused on purpose.
    public var problem: String? {
        switch state {
        case .consuming, .paused: nil
        case let other: "\(other)"
        }
    }
}
