import Foundation
import Postgres

/// The newest of a line of jobs of which each is the retry of the one before.
public struct NewestRetry: Sendable {
    /// Its id; that of the job itself where it was not retried.
    public let id: UUID
    /// Its type.
    public let type: String
    /// Where it stands.
    public let status: JobStatus
    /// Whether it is a retry.
    public let isRetry: Bool
    /// The newest workflow that it is a job of.
    public let workflow: UUID?
}

extension JobStore {
    /// Follows the retries of a job to the newest; nil when there is no such job in this namespace.
    public func newestRetry(of id: UUID, namespace: String) async throws -> NewestRetry? {
        try await database.query(
            """
            WITH RECURSIVE line AS (
                SELECT id, 0 AS place FROM jobs WHERE id = \(id) AND namespace = \(namespace)
                UNION ALL SELECT j.id, l.place + 1 FROM line l JOIN jobs j ON j.retry_of = l.id
            )
            SELECT j.id, j.type, j.status, j.retry_of IS NOT NULL AS is_retry,
                (SELECT workflow_id FROM workflow_steps WHERE job_id = j.id ORDER BY workflow_id DESC LIMIT 1) AS workflow
            FROM line l JOIN jobs j ON j.id = l.id ORDER BY l.place DESC LIMIT 1
            """
        ).first.map { row in
            NewestRetry(
                id: try row.decode("id"), type: try row.decode("type"), status: try row.decodeStatus("status"),
                isRetry: try row.decode("is_retry"), workflow: try row.decode("workflow"))
        }
    }
}
