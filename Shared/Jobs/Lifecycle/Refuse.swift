import Foundation
import JSON
import Postgres

extension JobStore {
    /// Fails a queued job whose command no worker can be given.
    public func refuse(_ id: UUID, code: String, message: String) async throws -> Bool {
        let error = JSONText(JSON.object(["code": .string(code), "message": .string(message)]).serialized())
        return try await !commit([
            """
            WITH moved AS (
                UPDATE jobs SET status = 'failed', finished_at = now(), error = \(error)
                WHERE id = \(id) AND status = ANY(\(Transition.refuse.guardStatuses))
                RETURNING id, type, attempt
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, 'failed', 'failed', attempt, jsonb_build_object('error', \(error)) FROM moved
            )
            SELECT id FROM moved
            """
        ])[0].isEmpty
    }
}
