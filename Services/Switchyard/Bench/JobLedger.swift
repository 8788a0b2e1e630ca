import Foundation
import Postgres

/// What the database says about the bench's jobs: asked directly, so that asking does not load the gateway that is measured.
struct JobLedger: Sendable {
    private let database: Database
    /// The namespace of the bench's key.
    let namespace: String

    init(_ database: Database, namespace: String) {
        self.database = database
        self.namespace = namespace
    }

    /// Waits until every no-op job of the namespace from this id on has ended; answers the moment it was seen, on the monotonic clock.
    ///
    /// The question touches the index entries of unfinished jobs only. It is put every `interval`.
    func waitUntilEnded(
        from first: UUID, every interval: Duration = .milliseconds(20), limit: Duration = .seconds(120)
    ) async throws -> UInt64 {
        let deadline = ContinuousClock.now + limit
        let namespace = namespace
        while ContinuousClock.now < deadline {
            let isBusy = try await database.withSession { session in
                // Right after 20,000 inserts the planner's statistics are stale, and it might read the whole table.
                try session.query("SET enable_seqscan = off")
                return try session.query(
                    """
                    SELECT EXISTS (SELECT FROM jobs WHERE namespace = \(namespace)
                        AND status IN ('scheduled', 'queued', 'running', 'stopping') AND id >= \(first) AND type = 'noop')
                        AS busy
                    """)[0].decode("busy", as: Bool.self)
            }
            if !isBusy { return monotonicNanoseconds() }
            try await Task.sleep(for: interval)
        }
        throw BenchError("after \(limit) not all no-op jobs have ended: \(try await summary(from: first))")
    }

    /// Checks that each of these accepted jobs is there and has been completed exactly once.
    func checkCompletedOnce(_ ids: [UUID]) async throws {
        guard let first = ids.min() else { throw BenchError("no job was accepted") }
        let distinct = Set(ids).count
        let row = try await database.query(
            """
            SELECT (SELECT count(*) FROM jobs WHERE id = ANY(\(ids)) AND status = 'completed') AS jobs,
                (SELECT count(*) FROM events WHERE job_id = ANY(\(ids)) AND status = 'completed') AS events,
                (SELECT count(DISTINCT job_id) FROM events WHERE job_id = ANY(\(ids)) AND status = 'completed') AS ended
            """)[0]
        let counts = try [row.decode("jobs", as: Int64.self), row.decode("events"), row.decode("ended")]
        guard distinct == ids.count, counts.allSatisfy({ $0 == ids.count }) else {
            throw BenchError(
                "\(ids.count) jobs were accepted with \(distinct) ids; completed: \(counts[0]) rows, \(counts[1]) events "
                    + "of \(counts[2]) jobs; \(try await summary(from: first))")
        }
    }

    /// Checks that exactly these many jobs have this name, and that all are completed.
    func checkNamed(_ name: String, from first: UUID, count: Int) async throws {
        let row = try await database.query(
            """
            SELECT count(*) AS jobs, count(*) FILTER (WHERE status = 'completed') AS completed FROM jobs
            WHERE namespace = \(namespace) AND id >= \(first) AND name = \(name)
            """)[0]
        let (jobs, completed) = try (row.decode("jobs", as: Int64.self), row.decode("completed", as: Int64.self))
        guard jobs == count, completed == count else {
            throw BenchError("of \(count) jobs with the name \(name) there are \(jobs), \(completed) completed")
        }
    }

    /// The files that a job has produced.
    func artifacts(of job: UUID) async throws -> [UUID] {
        try await database.query("SELECT id FROM files WHERE job_id = \(job) ORDER BY id").map { try $0.decode("id") }
    }

    /// How many jobs from this id on have each status, for errors.
    private func summary(from first: UUID) async throws -> String {
        let rows = try await database.query(
            """
            SELECT status, count(*) AS jobs FROM jobs WHERE namespace = \(namespace) AND id >= \(first)
            GROUP BY 1 ORDER BY 1
            """)
        return try rows.map { "\(try $0.decode("jobs", as: Int64.self)) \(try $0.decode("status", as: String.self))" }
            .joined(separator: ", ")
    }
}
