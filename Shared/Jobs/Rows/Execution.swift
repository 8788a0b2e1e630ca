import Foundation
import JSON
import Postgres

/// One attempt at a job, as it ended or as it runs.
public struct Execution: Sendable, Representation {
    /// The number of the attempt, from 1.
    public let attempt: Int32
    /// The worker that ran it.
    public let worker: String
    /// `running` or `stopping` while it runs; then `completed`, `failed`, `retrying`, `handed_back`, `lost`, …
    public let status: String
    /// When it began.
    public let startedAt: Date
    /// When it ended.
    public let finishedAt: Date?
    /// What went wrong, a JSON object.
    public let error: [UInt8]?

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One attempt at a job.",
        [
            "attempt": Schema.count, "worker": Schema.text,
            "status": Schema.text.described(
                "`running` or `stopping` while it runs; then `completed`, `failed`, `retrying`, `handed_back`, `lost`, …"
            ),
            "started_at": Schema.time, "finished_at": Schema.time.orNull, "duration_seconds": Schema.number.orNull,
            "error": Schema.anyObject.orNull,
        ])

    /// Appends the execution as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("attempt", Int(attempt))
        json.member("worker", worker)
        json.member("status", status)
        json.member("started_at", startedAt)
        json.member("finished_at", finishedAt)
        json.member("duration_seconds", finishedAt.map { $0.timeIntervalSince(startedAt) })
        json.member("error", raw: error ?? Array("null".utf8))
        json.endObject()
    }
}

extension JobStore {
    /// The attempts at a job in order, the one under way last; or the newest first.
    ///
    /// - Parameters:
    ///   - time: when the job was made: the partitions of earlier times are left out.
    ///   - attempt: only those after it in the order asked for; nil begins at the start.
    public func executions(
        of id: UUID, since time: Date = .distantPast, newestFirst: Bool = false, after attempt: Int32?, limit: Int
    ) async throws -> [Execution] {
        let isBeyond: Statement =
            newestFirst ? "attempt < \(attempt ?? .max)" : "attempt > \(attempt ?? 0)"
        return try await database.query(
            """
            SELECT attempt, worker, status, started_at, finished_at, error FROM (
                SELECT attempt, worker, status, started_at, finished_at, error FROM executions
                WHERE job_id = \(id) AND \(isBeyond) AND finished_at >= \(time)
                UNION ALL
                SELECT attempt, worker, status, started_at, NULL, NULL FROM jobs
                WHERE id = \(id) AND lease_until IS NOT NULL AND \(isBeyond)
            ) e
            ORDER BY attempt \(raw: newestFirst ? "DESC" : "ASC") LIMIT \(limit)
            """
        ).map { row in
            Execution(
                attempt: try row.decode("attempt"), worker: try row.decode("worker"), status: try row.decode("status"),
                startedAt: try row.decode("started_at"), finishedAt: try row.decode("finished_at"),
                error: try row.decode("error", as: JSONText?.self)?.bytes)
        }
    }
}
