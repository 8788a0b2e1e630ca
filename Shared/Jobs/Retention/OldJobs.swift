import Foundation
import Postgres

/// A page of jobs on the walk over all of them.
public struct OldJobsPage: Sendable {
    /// Those that are past their retention.
    public let old: [UUID]
    /// Where the walk goes on; nil at the end.
    public let last: UUID?
}

extension JobStore {
    /// Looks at the next jobs in the order of their ids and finds those that are past their retention.
    ///
    /// A job that another one goes on from stays as long as that one: its checkpoint names the first one's files. So does a job of a
    /// workflow that has not ended: its result may be read.
    ///
    /// - Parameters:
    ///   - id: the last one that was looked at.
    ///   - limit: how many are looked at.
    public func oldJobs(
        after id: UUID, through end: UUID, days: RetentionDays, limit: Int
    ) async throws -> OldJobsPage {
        let types = Array(days.types)
        let rows = try await database.query(
            """
            WITH page AS (
                SELECT id, type, finished_at, awaited FROM jobs WHERE id > \(id) AND id <= \(end) ORDER BY id LIMIT \(limit)
            )
            SELECT p.id, p.finished_at IS NOT NULL AND d.days > 0 AND p.finished_at < now() - d.days * interval '1 day'
                AND NOT EXISTS (SELECT 1 FROM jobs n WHERE n.resumes = p.id) AND NOT \(Self.isStillNeeded) AS is_old
            FROM page p LEFT JOIN unnest(\(types.map(\.key)), \(types.map { Int32($0.value) })) AS t (type, days) ON t.type = p.type,
                LATERAL (SELECT coalesce(t.days, \(Int32(days.others))) AS days) d
            ORDER BY p.id
            """)
        var old: [UUID] = []
        for row in rows where try row.decode("is_old") { old.append(try row.decode("id")) }
        return OldJobsPage(old: old, last: rows.count == limit ? try rows.last?.decode("id") : nil)
    }

    /// The files that these jobs have produced.
    public func files(of jobs: [UUID]) async throws -> [UUID] {
        try await database.query("SELECT id FROM files WHERE job_id = ANY(\(jobs))").map { try $0.decode("id") }
    }

    /// Forgets finished jobs with their checkpoints and the records of their files, and with them their idempotency keys. Their events,
    /// log lines and executions go with their partitions.
    ///
    /// - Returns: how many jobs are gone.
    public func deleteJobs(_ ids: [UUID]) async throws -> Int {
        let ended = JobStatus.allCases.filter(\.isTerminal).map(\.rawValue)
        // One that somebody holds at this moment stays for the next time, with all that is its own.
        let jobs: Statement = """
            WITH free AS (
                SELECT id FROM jobs WHERE id = ANY(\(ids)) AND status = ANY(\(ended)) ORDER BY id FOR UPDATE SKIP LOCKED
            )
            DELETE FROM jobs j USING free WHERE j.id = free.id RETURNING j.id
            """
        let belongings: [Statement] = Self.belongings.map {
            """
            DELETE FROM \(raw: $0) b WHERE job_id = ANY(\(ids)) AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = b.job_id)
            """
        }
        return try await database.pipeline([jobs] + belongings + [Self.forgetWorkflows(of: ids)])[0].count
    }

    /// What goes with a job's row: every table with a `job_id` that has no time partitions, except the steps of workflows, which
    /// stay as long as their workflow, and documents, crawls and embeddings, which are too many for one transaction and go before
    /// (`deleteDocuments`, `deleteCrawls`, `deleteEmbeddings`).
    private static let belongings: [StaticString] = [
        "files", "checkpoints", "checkpoint_entries", "job_operators", "job_dependencies", "imports", "import_rejects",
        "pull_requests",
    ]

    /// Forgets dead letters that have waited, or were sent again, for so many days; at most `limit`, the oldest first.
    ///
    /// A message of a version that no worker knew waits for an upgrade, however long that takes.
    public func deleteDeadLetters(olderThan days: Int, limit: Int) async throws -> Int {
        try await database.query(
            """
            WITH old AS (
                SELECT id FROM dead_letters WHERE received_at < now() - \(Double(days)) * interval '1 day'
                    AND (reason <> 'unknown_schema' OR redriven_at IS NOT NULL)
                ORDER BY received_at, id LIMIT \(limit) FOR UPDATE SKIP LOCKED
            )
            DELETE FROM dead_letters d USING old WHERE d.id = old.id RETURNING d.id
            """
        ).count
    }
}
