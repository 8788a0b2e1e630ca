import Foundation
import Postgres

/// Workflows whose jobs are being forgotten.
extension JobStore {
    /// Whether the job `p` of a statement is still needed: its end has not been dealt with, or others of its workflow may read its result.
    static let isStillNeeded: Statement = """
        (p.awaited OR EXISTS (SELECT 1 FROM workflow_steps s JOIN workflows w ON w.id = s.workflow_id
            WHERE s.job_id = p.id AND w.status = 'running'))
        """

    /// Forgets the workflows that have ended and have no job left, among those of these jobs.
    static func forgetWorkflows(of jobs: [UUID]) -> Statement {
        """
        WITH gone AS (
            SELECT w.id FROM workflows w
            WHERE w.id IN (SELECT workflow_id FROM workflow_steps WHERE job_id = ANY(\(jobs))) AND w.status <> 'running'
                AND NOT EXISTS (SELECT 1 FROM workflow_steps s JOIN jobs j ON j.id = s.job_id WHERE s.workflow_id = w.id)
            ORDER BY w.id FOR UPDATE SKIP LOCKED
        ), steps AS (
            DELETE FROM workflow_steps s USING gone g WHERE s.workflow_id = g.id
        )
        DELETE FROM workflows w USING gone g WHERE w.id = g.id RETURNING w.id
        """
    }
}
