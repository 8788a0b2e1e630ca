import Foundation
import JSON
import Postgres

/// What a request to cancel led to.
public enum CancelOutcome: Sendable {
    /// The job never runs (again).
    case cancelled
    /// The job runs and its worker is asked to end it.
    case stopping
    /// The job has ended before.
    case ended(JobStatus)
    /// There is no such job in this namespace.
    case unknown
}

extension JobStore {
    /// Cancels a job: at once when it waits, by request when it runs (G8). Calling it twice changes nothing.
    public func cancel(_ id: UUID, namespace: String, reason: String?) async throws -> CancelOutcome {
        let data = JSONText(JSON.object(["reason": reason.map { .string($0) } ?? .null]).serialized())
        let rows = try await commit([
            """
            WITH moved AS (
                UPDATE jobs SET
                    status = CASE WHEN status = ANY(\(Transition.cancel.guardStatuses)) THEN 'cancelled' ELSE 'stopping' END,
                    finished_at = CASE WHEN status = ANY(\(Transition.cancel.guardStatuses)) THEN now() END,
                    wanted = CASE WHEN status = ANY(\(Transition.requestStop.guardStatuses)) THEN 'cancel' END,
                    dispatched_at = NULL
                WHERE id = \(id) AND namespace = \(namespace)
                    AND status = ANY(\(Transition.cancel.guardStatuses + Transition.requestStop.guardStatuses))
                RETURNING id, status, attempt
            ), announced AS (
                INSERT INTO events (job_id, kind, status, attempt, data)
                SELECT id, status, status, attempt, jsonb_strip_nulls(\(data)) FROM moved
            )
            SELECT status FROM moved
            """,
            "SELECT status FROM jobs WHERE id = \(id) AND namespace = \(namespace)",
        ])
        let moved = !rows[0].isEmpty
        guard let row = rows[1].first else { return .unknown }
        switch try row.decodeStatus("status") {
        case .cancelled where moved: return .cancelled
        case .stopping: return .stopping
        case let status: return .ended(status)
        }
    }

    /// Fails a queued job whose command no worker can be given.
    public func refuse(_ id: UUID, code: String, message: String) async throws -> Bool {
        let error = JSONText(JSON.object(["code": .string(code), "message": .string(message)]).serialized())
        return try await !commit([
            """
            WITH moved AS (
                UPDATE jobs SET status = 'failed', finished_at = now(), error = \(error)
                WHERE id = \(id) AND status = ANY(\(Transition.refuse.guardStatuses))
                RETURNING id, attempt
            ), announced AS (
                INSERT INTO events (job_id, kind, status, attempt, data)
                SELECT id, 'failed', 'failed', attempt, jsonb_build_object('error', \(error)) FROM moved
            )
            SELECT id FROM moved
            """
        ])[0].isEmpty
    }
}
