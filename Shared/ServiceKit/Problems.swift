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
        let backoff = Backoff(cap: .seconds(2))
        var failures = 0
        while true {
            do {
                try await Migrations.check(database)
                return try await operation(self)
            } catch let error as PostgresError where error.isTransient {
                failures += 1
                if failures == 1 { log.warning("waiting for the database", ["error": .error(error)]) }
                try await Task.sleep(for: backoff.delay(afterFailures: failures))
            }
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
