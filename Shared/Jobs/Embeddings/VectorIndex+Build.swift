import Postgres

/// Builds the indexes of spaces that have become large.
public struct VectorIndexBuilder: Sendable {
    /// How long a step may take: building the graph of some millions of vectors takes hours.
    public static let timeout: Duration = .seconds(6 * 3600)
    private static let batch = 1000
    private static let lockTimeout = "2s"

    private let database: Database

    /// Makes a builder over a pool whose statements may take as long as `timeout`.
    public init(_ database: Database) { self.database = database }

    /// What became of a space's index.
    public struct Outcome: Sendable {
        /// The tenant that the space belongs to.
        public let namespace: String
        /// The name of its model.
        public let model: String
        /// Why there is no index yet, such as a lock that was not to be had in time; nil when it is built.
        public let fault: (any Error)?
    }

    /// Brings every space with so many vectors its index. One that another process is at is passed over, and one that cannot be built holds up no other.
    ///
    /// What a death in between leaves unfinished is taken up by the next call.
    ///
    /// - Returns: what was built, or could not be.
    /// - Throws: `CancellationError`, or `PostgresError` when the spaces cannot be told.
    public func run(
        _ installation: VectorExtension, threshold: Int = VectorIndex.threshold
    ) async throws -> [Outcome] {
        let spaces = try await database.query(
            """
            SELECT id, namespace, model, dimensions FROM embedding_spaces s
            WHERE index_state <> 'ready' AND dimensions <= \(Int32(installation.maxDimensions)) AND (
                SELECT count(*) FROM (SELECT 1 FROM embedding_vectors v WHERE v.space = s.id LIMIT \(threshold)) l
            ) = \(threshold)
            ORDER BY id
            """
        ).map {
            Space(
                id: try $0.decode("id"), namespace: try $0.decode("namespace"), model: try $0.decode("model"),
                dimensions: Int(try $0.decode("dimensions", as: Int32.self)))
        }
        var outcomes: [Outcome] = []
        for space in spaces {
            do {
                let isDone = try await database.withSession { try space.build(installation, $0) }
                if isDone { outcomes.append(Outcome(namespace: space.namespace, model: space.model, fault: nil)) }
            } catch {
                try Task.checkCancellation()
                outcomes.append(Outcome(namespace: space.namespace, model: space.model, fault: error))
            }
        }
        return outcomes
    }

    private struct Space: Sendable {
        let id: Int32
        let namespace: String
        let model: String
        let dimensions: Int

        /// The lock of whoever builds, which is the session's, and another one than the writers'.
        private var builderLock: Statement { "\(VectorIndex.lockClass + 1), \(id)" }

        func build(_ installation: VectorExtension, _ session: Session) throws -> Bool {
            guard
                try session.query("SELECT pg_try_advisory_lock(\(builderLock)) AS got")[0].decode("got", as: Bool.self)
            else { return false }
            defer { unlock(session) }
            try makeTable(installation, session)
            try fill(session)
            try session.script(
                """
                DROP INDEX IF EXISTS embedding_index_\(id)_graph
                """)
            try session.script(
                """
                CREATE INDEX CONCURRENTLY embedding_index_\(id)_graph ON embedding_index_\(id)
                USING hnsw (embedding \(installation.operators.sql))
                """)
            try session.script("ANALYZE embedding_index_\(id)")
            _ = try session.query("UPDATE embedding_spaces SET index_state = 'ready' WHERE id = \(id)")
            return true
        }

        private func unlock(_ session: Session) {
            do {
                _ = try session.query("SELECT pg_advisory_unlock(\(builderLock))")
            } catch {
                // The connection broke, or is closed because its work was cancelled: the server releases the lock with it.
            }
        }

        /// From its commit on every writer writes to the table as well.
        private func makeTable(_ installation: VectorExtension, _ session: Session) throws {
            try session.transaction { session in
                _ = try session.pipeline([
                    "SELECT set_config('lock_timeout', \(VectorIndexBuilder.lockTimeout), true)",
                    "SELECT pg_advisory_xact_lock(\(VectorIndex.lockClass), \(id))",
                    """
                    CREATE TABLE IF NOT EXISTS \(VectorIndex.table(id)) (
                        id bigint PRIMARY KEY REFERENCES embedding_vectors (id) ON DELETE CASCADE,
                        embedding \(installation.type(dimensions)) NOT NULL
                    )
                    """,
                    "UPDATE embedding_spaces SET index_state = 'filling' WHERE id = \(id) AND index_state = 'none'",
                ])
            }
        }

        /// Copies the vectors that were there before the table.
        private func fill(_ session: Session) throws {
            var last: Int64 = 0
            while true {
                let rows = try session.query(
                    """
                    SELECT id, vector FROM embedding_vectors WHERE space = \(id) AND id > \(last) ORDER BY id LIMIT \(VectorIndexBuilder.batch)
                    """)
                guard let end = try rows.last?.decode("id", as: Int64.self) else { return }
                let vectors = try rows.map {
                    (try $0.decode("id", as: Int64.self), try $0.decode("vector", as: StoredVector.self))
                }
                _ = try session.query(VectorIndex.insertion(of: vectors, into: id, dimensions: dimensions))
                last = end
            }
        }
    }
}
