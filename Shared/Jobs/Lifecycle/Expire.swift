import Foundation
import Postgres

extension JobStore {
    /// Ends the jobs whose first attempt should have begun by now, as `failed` with the code `expired` (G7); answers how many.
    ///
    /// Until this comes by, such a job is refused by its claim, so none starts late however seldom it runs. A job that has begun once
    /// does not expire any more: its retries are its type's business.
    public func expire(limit: Int = 500) async throws -> Int {
        let moved = try await database.query(
            """
            WITH over AS (
                SELECT id FROM jobs
                WHERE expires_at <= now() AND expires_at IS NOT NULL AND attempt = 0 AND finished_at IS NULL
                    AND status = ANY(\(Transition.expire.guardStatuses))
                ORDER BY expires_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE jobs j SET status = 'failed', finished_at = now(), dispatched_at = NULL,
                    error = jsonb_build_object('code', 'expired', 'message',
                        'The job waited longer than it may: it should have started by '
                            || to_char(j.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '.')
                FROM over
                WHERE j.id = over.id AND j.status = ANY(\(Transition.expire.guardStatuses))
                RETURNING j.id, j.type, j.attempt, j.error
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, 'failed', 'failed', attempt, jsonb_build_object('error', error) FROM moved
            )
            SELECT id FROM moved
            """)
        if !moved.isEmpty { try await announce() }
        return moved.count
    }
}
