import Foundation
import Postgres

/// Content that is on its way into the artifact store, by the id that it will have.
///
/// Order of effects for a file: its id is told of here; its content is stored; its record is written, and in the same transaction it is forgotten here. So
/// content that no record names, which a death between two of these leaves, is known by its id. It is removed when the job has long ended; that of an
/// upload, after a day.
extension JobStore {
    /// Tells of content that is about to be stored.
    ///
    /// - Parameter job: the one that makes it; nil for an upload.
    public func expectFiles(_ ids: [UUID], of job: UUID?) async throws {
        _ = try await database.query(
            """
            INSERT INTO pending_files (id, job_id) SELECT id, \(job as UUID?) FROM unnest(\(ids)) AS id ON CONFLICT (id) DO NOTHING
            """)
    }

    /// Those of these files that have no record yet.
    public func pendingFiles(_ ids: [UUID]) async throws -> [UUID] {
        try await database.query("SELECT id FROM pending_files WHERE id = ANY(\(ids))").map { try $0.decode("id") }
    }

    /// Forgets the records of all files that a job has made. Their content is pending again, and goes at the latest after the job's end.
    ///
    /// - Returns: a row for each id (`id`) whose content can go: theirs, and those that were pending before.
    public static func deletingFiles(madeBy job: UUID) -> Statement {
        """
        WITH gone AS (
            DELETE FROM files WHERE job_id = \(job) RETURNING id
        ), pending AS (
            INSERT INTO pending_files (id, job_id) SELECT id, \(job) FROM gone ON CONFLICT (id) DO NOTHING
        )
        SELECT id FROM gone UNION SELECT id FROM pending_files WHERE job_id = \(job)
        """
    }

    /// The statuses of jobs that go on.
    private static let open = JobStatus.allCases.filter { !$0.isTerminal }.map(\.rawValue)

    /// Those of these files that are pending and whose job goes on.
    public func neededFiles(_ ids: [UUID]) async throws -> Set<UUID> {
        let rows = try await database.query(
            """
            SELECT p.id FROM pending_files p JOIN jobs j ON j.id = p.job_id
            WHERE p.id = ANY(\(ids)) AND j.status = ANY(\(Self.open))
            """)
        return Set(try rows.map { try $0.decode("id") })
    }

    /// Content that nobody will ever name: it has been pending for over a day, and its job, if it has one, does not go on.
    public func abandonedFiles(limit: Int) async throws -> [UUID] {
        return try await database.pipeline([
            // A stale attempt may tell of what another one has made.
            "DELETE FROM pending_files p USING files f WHERE f.id = p.id AND p.created_at < now() - interval '1 day'",
            """
            SELECT id FROM pending_files p
            WHERE created_at < now() - interval '1 day'
                AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = p.job_id AND j.status = ANY(\(Self.open)))
            ORDER BY created_at LIMIT \(limit)
            """,
        ])[1].map { try $0.decode("id") }
    }

    /// Forgets content that is gone.
    public func forgetPendingFiles(_ ids: [UUID]) async throws {
        _ = try await database.query("DELETE FROM pending_files WHERE id = ANY(\(ids))")
    }
}
