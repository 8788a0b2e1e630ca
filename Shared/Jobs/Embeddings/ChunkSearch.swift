import Postgres

/// The statements that find chunks of a space, inside one transaction of a session.
///
/// They are for sessions whose plans are made for each statement anew: filters differ too much for one plan.
public struct ChunkSearch: Sendable {
    /// What is searched.
    public let space: EmbeddingSpace
    /// What of it.
    public let filter: ChunkFilter

    /// Makes a search.
    public init(_ space: EmbeddingSpace, _ filter: ChunkFilter) {
        self.space = space
        self.filter = filter
    }

    /// Lets all statements of the transaction at hand see the same moment. The first statement of it.
    public static func hold(_ session: Session) throws {
        try session.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    }

    // MARK: Every vector

    /// Hands over every chunk that the filter lets through with its vector, in no order, so many at a time.
    public func scan(batch: Int, _ session: Session, _ body: ([(chunk: Int64, vector: StoredVector)]) throws -> Void)
        throws
    {
        _ = try session.query(
            """
            DECLARE every_vector NO SCROLL CURSOR FOR
            SELECT c.id, v.vector FROM embedding_sources s JOIN embedding_chunks c ON c.source = s.id JOIN embedding_vectors v ON v.id = c.vector
            WHERE \(filter.condition(on: "s", of: space))
            """)
        let fetch = Statement(stringLiteral: "FETCH FORWARD \(batch) FROM every_vector")
        while true {
            let rows = try session.query(fetch)
            if rows.isEmpty { break }
            try body(try Self.vectors(rows))
        }
        _ = try session.query("CLOSE every_vector")
    }

    /// Whether more chunks than `limit` are let through; looks no further than that.
    public func hasMore(than limit: Int, _ session: Session) throws -> Bool {
        let rows = try session.query(
            """
            SELECT count(*) AS n FROM (
                SELECT 1 FROM embedding_sources s JOIN embedding_chunks c ON c.source = s.id
                WHERE \(filter.condition(on: "s", of: space)) LIMIT \(limit + 1)
            ) l
            """)
        return try rows[0].decode("n", as: Int.self) > limit
    }

    // MARK: By the index

    /// Chunks whose vectors the index thinks the nearest, in no order; nil when it has found too few.
    ///
    /// - Parameters:
    ///   - count: of how many vectors chunks are wanted.
    ///   - least: of how many there must be chunks; also the most chunks of one vector, those with the lowest numbers.
    public func candidates(
        near query: [Float], by index: VectorIndex, count: Int, least: Int, _ session: Session
    ) throws -> [(chunk: Int64, vector: StoredVector)]? {
        // An index that does not go on by itself is asked for more at once: for those whose sources were replaced, or that the filter drops.
        let width = index.iterates ? count : min(Self.widest, (filter.isEmpty ? 2 : 10) * count)
        try walk(width, iterates: index.iterates, session)
        let match = filter.condition(on: "s", of: space)
        let order: Statement =
            "i.embedding \(index.installation.distance) \(query)::\(index.installation.type(space.dimensions))"
        let isThere: Statement =
            "EXISTS (SELECT 1 FROM embedding_chunks c JOIN embedding_sources s ON s.id = c.source WHERE c.vector = i.id AND \(match))"
        let nearest: Statement =
            index.iterates
            ? "SELECT i.id FROM \(index.table) i WHERE \(isThere) ORDER BY \(order) LIMIT \(count)"
            : """
            SELECT i.id FROM (SELECT i.id FROM \(index.table) i ORDER BY \(order) LIMIT \(width)) i WHERE \(isThere) LIMIT \(count)
            """
        let ids = try session.query(nearest).map { try $0.decode("id", as: Int64.self) }
        try plan(walking: false, session)
        guard ids.count >= least else { return nil }
        return try Self.vectors(
            try session.query(
                """
                SELECT c.id, v.vector FROM embedding_vectors v, LATERAL (
                    SELECT c.id FROM embedding_chunks c JOIN embedding_sources s ON s.id = c.source
                    WHERE c.vector = v.id AND \(match) ORDER BY c.id LIMIT \(least)
                ) c
                WHERE v.id = ANY(\(ids))
                """))
    }

    /// The most vectors that one walk through the graph may keep in view.
    public static let widest = 1000

    /// Lets the next statement walk through the graph.
    private func walk(_ width: Int, iterates: Bool, _ session: Session) throws {
        try plan(walking: true, session)
        try session.query("SELECT set_config('hnsw.ef_search', \(String(width)), true)")
        if iterates { try session.query("SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true)") }
    }

    /// Allows only plans that walk through the graph, or any again.
    private func plan(walking: Bool, _ session: Session) throws {
        let others = ["enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin", "enable_mergejoin"]
        _ = try session.pipeline(
            others.map { "SELECT set_config(\($0), \(walking ? "off" : "on"), true)" })
    }

    private static func vectors(_ rows: Rows) throws -> [(chunk: Int64, vector: StoredVector)] {
        let (id, vector) = (rows.column("id"), rows.column("vector"))
        return try rows.map { (try $0.decode(id), try $0.decode(vector)) }
    }
}
