import Foundation
import Postgres

/// A job whose worker fell silent past its lease.
public struct Reaped: Sendable {
    /// The job's id.
    public let id: UUID
    /// The number of the attempt, from 1; 0 before the first.
    public let attempt: Int32
    /// The worker that fell silent.
    public let worker: String
    /// `queued` to go on elsewhere, or a terminal status.
    public let status: JobStatus
}

extension JobStore {
    /// The database's time.
    public func now() async throws -> Date { try await database.query("SELECT now() AS now")[0].decode("now") }

    /// Takes jobs whose lease has ended from their worker: back into the queue, or `failed` with reason `crashed` after
    /// `maxCrashes` of its type's policy (G4, G6). Crashes are counted apart from failures. A job that was asked to end, by a
    /// wish that its worker has not fulfilled in time, ends as it was wanted.
    ///
    /// - Parameter deadline: by the database's clock; nothing happens later. A statement that stood still with the server must not judge
    ///   by the time that has passed meanwhile.
    public func reap(limit: Int = 500, until deadline: Date? = nil) async throws -> [Reaped] {
        let moved = try await database.query(
            """
            WITH expired AS (
                -- What is judged must be read here, where the row is locked: a second look at the table would see it as it
                -- was when the statement began, and miss a cancellation that was committed in between.
                SELECT id, type, wanted, crashes, worker AS lost_worker FROM jobs
                WHERE status IN ('running', 'stopping') AND lease_until < now()
                    AND (\(deadline as Date?)::timestamptz IS NULL OR now() < \(deadline as Date?))
                ORDER BY lease_until LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ), judged AS (
                SELECT e.id, e.lost_worker, CASE
                    WHEN e.wanted = 'cancel' THEN 'cancelled'
                    WHEN e.wanted = 'stop' THEN 'stopped'
                    WHEN e.crashes + 1 >= coalesce((t.policy->>'max_crashes')::integer, 3) THEN 'failed'
                    ELSE 'queued' END AS verdict
                FROM expired e LEFT JOIN job_types t ON t.name = e.type
            ), moved AS (
                UPDATE jobs j SET status = v.verdict, crashes = j.crashes + 1, due_at = now(), dispatched_at = NULL,
                    lease_until = NULL, wanted = NULL, stop_mode = NULL, stop_deadline = NULL,
                    finished_at = CASE WHEN v.verdict <> 'queued' THEN now() END,
                    error = CASE WHEN v.verdict = 'failed' THEN jsonb_build_object('code', 'crashed', 'message',
                        format('The worker running this job died %s times; the job is set aside.', j.crashes + 1)) END
                FROM judged v
                WHERE j.id = v.id AND j.status = ANY(\(Transition.handBack.guardStatuses))
                RETURNING j.id, j.type, j.attempt, j.status, v.lost_worker, j.started_at, j.error
            ), executed AS (
                INSERT INTO executions (job_id, attempt, worker, status, started_at)
                SELECT id, attempt, lost_worker, 'lost', started_at FROM moved
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, CASE WHEN status = 'queued' THEN 'lease_expired' ELSE status END, status, attempt,
                    jsonb_strip_nulls(jsonb_build_object('worker', lost_worker, 'error', error)) FROM moved
            )
            SELECT id, attempt, status, lost_worker FROM moved
            """)
        if !moved.isEmpty { try await announce() }
        return try moved.map { row in
            Reaped(
                id: try row.decode("id"), attempt: try row.decode("attempt"), worker: try row.decode("lost_worker"),
                status: try row.decodeStatus("status"))
        }
    }
}

extension Row {
    /// Decodes a status word.
    func decodeStatus(_ column: String) throws -> JobStatus {
        let word = try decode(column, as: String.self)
        guard let status = JobStatus(rawValue: word) else { throw UnknownStatus(word: word) }
        return status
    }
}

/// The database holds a status word that this build does not know.
struct UnknownStatus: Error, CustomStringConvertible {
    let word: String
    var description: String { "the database holds the unknown status \"\(word)\"" }
}
