import Foundation
import JSON
import Postgres

/// What a request to change a workflow led to.
public enum WorkflowOutcome: Sendable {
    /// It is done, or under way.
    case accepted
    /// The workflow has ended before, in this status.
    case ended(Workflow.Status)
    /// There is no such workflow in this namespace.
    case unknown
}

extension JobStore {
    /// Asks for the end of a workflow; `cancelSteps` then ends its jobs. Calling it twice changes nothing.
    public func cancelWorkflow(_ id: UUID, namespace: String, reason: String?) async throws -> WorkflowOutcome {
        let rows = try await database.pipeline([
            """
            UPDATE workflows SET wanted = 'cancel', reason = coalesce(reason, \(reason as String?))
            WHERE id = \(id) AND namespace = \(namespace) AND status = 'running'
            RETURNING id
            """,
            "SELECT status FROM workflows WHERE id = \(id) AND namespace = \(namespace)",
        ])
        guard let row = rows[1].first else { return .unknown }
        guard rows[0].isEmpty else { return .accepted }
        return .ended(Workflow.Status(rawValue: try row.decode("status")) ?? .running)
    }

    /// Cancels what has not ended of workflows that are to end: waiting jobs at once, running ones by request.
    ///
    /// The wish stands in the workflow's row, so that a crash in between is made up for by the next round, of any gateway. Rows that are
    /// being written are left to the next round too: waiting for them in an order of its own would be a deadlock.
    ///
    /// - Parameter workflow: only this one.
    /// - Returns: how many jobs were moved, and the requests that running workers are to be sent.
    public func cancelSteps(
        of workflow: UUID? = nil, limit: Int = 1000
    ) async throws -> (moved: Int, requests: [ControlRequest]) {
        let waiting = try await cancelWaitingSteps(of: workflow, limit: limit)
        let running = try await database.query(
            """
            SELECT j.id, w.namespace, w.reason
            FROM workflows w JOIN workflow_steps s ON s.workflow_id = w.id JOIN jobs j ON j.id = s.job_id
            WHERE w.wanted IS NOT NULL AND w.status = 'running'
                AND (\(workflow as UUID?)::uuid IS NULL OR w.id = \(workflow as UUID?))
                AND NOT s.is_reused AND j.status = ANY(\(Transition.requestStop.guardStatuses))
                AND j.wanted IS DISTINCT FROM 'cancel'
            ORDER BY j.id LIMIT \(limit)
            """)
        var moved = waiting
        var requests: [ControlRequest] = []
        for row in running {
            let id = try row.decode("id", as: UUID.self)
            let outcome = try await cancel(id, namespace: row.decode("namespace"), reason: row.decode("reason"))
            moved += 1
            if let request = outcome.request(for: id) { requests.append(request) }
        }
        return (moved, requests)
    }

    private func cancelWaitingSteps(of workflow: UUID?, limit: Int) async throws -> Int {
        let movable = Transition.cancel.guardStatuses
        return try await commit([
            """
            WITH chosen AS (
                SELECT j.id, w.wanted, w.reason
                FROM workflows w JOIN workflow_steps s ON s.workflow_id = w.id JOIN jobs j ON j.id = s.job_id
                WHERE w.wanted IS NOT NULL AND w.status = 'running'
                    AND (\(workflow as UUID?)::uuid IS NULL OR w.id = \(workflow as UUID?))
                    AND NOT s.is_reused AND j.status = ANY(\(movable))
                ORDER BY j.id LIMIT \(limit) FOR UPDATE OF j SKIP LOCKED
            ), moved AS (
                UPDATE jobs j SET status = 'cancelled', finished_at = now(), dispatched_at = NULL,
                    error = jsonb_build_object('code', 'workflow_cancelled', 'message', CASE WHEN c.wanted = 'fail'
                        THEN 'Another job of the workflow has failed.'
                        ELSE 'The workflow was cancelled' || coalesce(': ' || c.reason, '.') END)
                FROM chosen c WHERE j.id = c.id AND j.status = ANY(\(movable))
                RETURNING j.id, j.type, j.attempt, c.reason
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, 'cancelled', 'cancelled', attempt, jsonb_strip_nulls(jsonb_build_object('reason', reason)) FROM moved
            )
            SELECT id FROM moved
            """
        ])[0].count
    }
}
