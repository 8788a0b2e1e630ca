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
        try session.query(
            """
            WITH judged AS (
                SELECT w.id, bool_and(j.id IS NULL OR j.finished_at IS NOT NULL) AS has_ended,
                    bool_and(j.status IS NOT DISTINCT FROM 'completed') AS is_completed,
                    bool_or(j.status = 'failed') AS has_failed, bool_or(j.status = 'stopped') AS has_stopped,
                    bool_or(j.status = 'cancelled' AND j.error->>'code' IS DISTINCT FROM 'dependency_failed') AS has_cancelled
                FROM unnest(\(ids)) AS w (id) JOIN workflow_steps s ON s.workflow_id = w.id
                LEFT JOIN jobs j ON j.id = s.job_id
                GROUP BY w.id
            )
            UPDATE workflows w SET
                wanted = CASE WHEN NOT g.has_ended AND w.fail_fast AND g.has_failed THEN coalesce(w.wanted, 'fail')
                    ELSE w.wanted END,
                finished_at = CASE WHEN g.has_ended THEN now() END,
                status = CASE WHEN NOT g.has_ended THEN 'running' WHEN g.is_completed THEN 'completed'
                    WHEN w.wanted = 'cancel' THEN 'cancelled' WHEN g.has_failed THEN 'failed'
                    WHEN g.has_cancelled THEN 'cancelled' WHEN g.has_stopped THEN 'stopped' ELSE 'cancelled' END
            FROM judged g
            WHERE w.id = g.id AND (g.has_ended OR (w.fail_fast AND g.has_failed))
            """)
    }
}
