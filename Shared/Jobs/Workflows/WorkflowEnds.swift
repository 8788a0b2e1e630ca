import Foundation
import Postgres

/// When a workflow has ended, and how.
///
/// It has ended when all of its jobs have. It is then `completed` when all of them are; else `cancelled` when that was asked for;
/// else `failed`, `cancelled` or `stopped`, the first of these that one of its jobs is. Jobs that were cancelled because of another
/// one do not count: the other one does.
enum WorkflowEnds {
    /// Judges the workflows of jobs that have just ended.
    static func judge(after ended: [UUID], _ session: Session) throws {
        let ids = try session.query(
            """
            SELECT w.id FROM workflows w
            WHERE w.id IN (SELECT workflow_id FROM workflow_steps WHERE job_id = ANY(\(ended))) AND w.status = 'running'
            ORDER BY w.id FOR NO KEY UPDATE
            """
        ).map { try $0.decode("id", as: UUID.self) }
        guard !ids.isEmpty else { return }
        _ = try session.pipeline([
            """
            WITH finished AS (
                SELECT w.id FROM unnest(\(ids)) AS w (id) LEFT JOIN LATERAL (
                    -- From the end: what stands there is mostly what ends last, so that one look is enough.
                    SELECT 1 AS found FROM workflow_steps s JOIN jobs j ON j.id = s.job_id
                    WHERE s.workflow_id = w.id AND j.finished_at IS NULL ORDER BY s.position DESC LIMIT 1
                ) unended ON true
                WHERE unended.found IS NULL
            ), judged AS (
                SELECT f.id, bool_and(j.status IS NOT DISTINCT FROM 'completed') AS is_completed,
                    bool_or(j.status = 'failed') AS has_failed, bool_or(j.status = 'stopped') AS has_stopped,
                    bool_or(j.status = 'cancelled' AND j.error->>'code' IS DISTINCT FROM 'dependency_failed') AS has_cancelled
                FROM finished f JOIN workflow_steps s ON s.workflow_id = f.id LEFT JOIN jobs j ON j.id = s.job_id
                GROUP BY f.id
            )
            UPDATE workflows w SET finished_at = now(), status = CASE
                WHEN g.is_completed THEN 'completed' WHEN w.wanted = 'cancel' THEN 'cancelled'
                WHEN g.has_failed THEN 'failed' WHEN g.has_cancelled THEN 'cancelled'
                WHEN g.has_stopped THEN 'stopped' ELSE 'cancelled' END
            FROM judged g WHERE w.id = g.id
            """,
            """
            UPDATE workflows w SET wanted = 'fail'
            WHERE w.id = ANY(\(ids)) AND w.fail_fast AND w.wanted IS NULL AND w.status = 'running' AND EXISTS (
                SELECT 1 FROM workflow_steps s JOIN jobs j ON j.id = s.job_id
                WHERE s.job_id = ANY(\(ended)) AND s.workflow_id = w.id AND j.status = 'failed')
            """,
        ])
    }
}
