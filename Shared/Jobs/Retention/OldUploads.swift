import Foundation
import Postgres

/// A page of uploads on the walk over the old ones.
public struct OldUploadsPage: Sendable {
    /// Those that nothing needs any more.
    public let old: [UUID]
    /// Where the walk goes on; nil at the end.
    public let last: (createdAt: Date, id: UUID)?
}

extension JobStore {
    /// Looks at the next uploads in the order of their age and finds those that nothing needs: never used for `unusedDays`, or last
    /// used longer ago than any job is kept; and named by no job that has yet to end.
    ///
    /// - Parameters:
    ///   - usedDays: for how many days after its last use an upload is kept; nil for ever.
    ///   - limit: how many are looked at.
    public func oldUploads(
        after position: (createdAt: Date, id: UUID)?, unusedDays: Int, usedDays: Int?, limit: Int
    ) async throws -> OldUploadsPage {
        let start = position?.createdAt ?? .distantPast
        let startID = position?.id ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let rows = try await database.query(
            """
            SELECT id, namespace, created_at, CASE WHEN used_at IS NULL THEN true
                ELSE used_at < now() - \(usedDays.map(Double.init) as Double?) * interval '1 day' END AS is_old
            FROM files
            WHERE job_id IS NULL AND (created_at, id) > (\(start), \(startID))
                AND created_at < now() - \(Double(unusedDays)) * interval '1 day'
            ORDER BY created_at, id LIMIT \(limit)
            """)
        var old: [UUID] = []
        var namespaces: Set<String> = []
        for row in rows where try row.decode("is_old", as: Bool?.self) ?? false {
            old.append(try row.decode("id"))
            namespaces.insert(try row.decode("namespace"))
        }
        let needed = old.isEmpty ? [] : try await named(old, namespaces: namespaces.sorted())
        let last = rows.count == limit ? rows.last : nil
        return OldUploadsPage(
            old: old.filter { !needed.contains($0) },
            last: try last.map { (try $0.decode("created_at"), try $0.decode("id")) })
    }

    /// Removes the records of uploads.
    public func deleteUploads(_ ids: [UUID]) async throws {
        _ = try await database.query("DELETE FROM files WHERE id = ANY(\(ids)) AND job_id IS NULL")
    }

    /// Which of these stand anywhere in the spec of a job that has yet to end, or in what a schedule submits.
    private func named(_ ids: [UUID], namespaces: [String]) async throws -> Set<UUID> {
        let open = JobStatus.allCases.filter { !$0.isTerminal }.map(\.rawValue)
        let rows = try await database.query(
            """
            SELECT DISTINCT v #>> '{}' AS id FROM (
                SELECT spec FROM jobs WHERE namespace = ANY(\(namespaces)) AND status = ANY(\(open))
                UNION ALL SELECT job FROM schedules WHERE namespace = ANY(\(namespaces))
            ) n (input), jsonb_path_query(n.input, '$.**') v
            WHERE jsonb_typeof(v) = 'string' AND lower(v #>> '{}') = ANY(\(ids.map(\.text)))
            """)
        return Set(try rows.compactMap { UUID(text: try $0.decode("id")) })
    }
}
