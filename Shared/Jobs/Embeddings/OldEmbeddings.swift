import Foundation
import Postgres

extension JobStore {
    /// Takes the sources of jobs that are to be forgotten out of all searches, at most `limit`; `forgetReplacedSources` forgets them.
    ///
    /// A source that a later job came across again is that one's, and stays.
    ///
    /// - Returns: whether there may be more.
    public func deleteEmbeddings(of jobs: [UUID], limit: Int) async throws -> Bool {
        // What was found is counted, not what was changed: one that a later job takes over at this moment says nothing about the others.
        let rows = try await database.query(
            """
            WITH found AS MATERIALIZED (
                SELECT id FROM embedding_sources WHERE job_id = ANY(\(jobs)) AND state <> 'replaced' LIMIT \(limit)
            ), gone AS (
                UPDATE embedding_sources SET state = 'replaced'
                WHERE id = ANY(ARRAY(SELECT id FROM found)) AND job_id = ANY(\(jobs))
            )
            SELECT count(*) AS n FROM found
            """)
        return try rows[0].decode("n", as: Int.self) == limit
    }

    /// Forgets a part of the sources that no search shows any more: their chunks first, at most `limit` of them, and with these the vectors
    /// that no other chunk has.
    ///
    /// - Returns: whether there may be more.
    public func forgetReplacedSources(limit: Int) async throws -> Bool {
        try await database.transaction { session in
            let gone = try session.query(
                """
                WITH gone AS (
                    DELETE FROM embedding_chunks WHERE ctid = ANY(ARRAY(
                        SELECT c.ctid FROM embedding_sources s JOIN embedding_chunks c ON c.source = s.id
                        WHERE s.state = 'replaced' LIMIT \(limit)))
                    RETURNING vector
                )
                SELECT DISTINCT vector FROM gone
                """)
            let vectors = try gone.map { try $0.decode("vector", as: Int64.self) }
            // Each in a statement of its own: what is locked no writer refers to anew, and what one has referred to before is seen then. In the
            // order of the writers, so that nobody waits in a circle.
            let rows = try session.pipeline([
                "SELECT id FROM embedding_vectors WHERE id = ANY(\(vectors)) ORDER BY space, hash FOR UPDATE",
                """
                DELETE FROM embedding_vectors v WHERE id = ANY(\(vectors))
                    AND NOT EXISTS (SELECT 1 FROM embedding_chunks c WHERE c.vector = v.id)
                """,
                """
                DELETE FROM embedding_sources s WHERE id = ANY(ARRAY(
                    SELECT s.id FROM embedding_sources s WHERE s.state = 'replaced'
                        AND NOT EXISTS (SELECT 1 FROM embedding_chunks c WHERE c.source = s.id)
                    LIMIT \(limit)
                ))
                """,
            ])
            return !gone.isEmpty || rows[2].affected == limit
        }
    }
}
