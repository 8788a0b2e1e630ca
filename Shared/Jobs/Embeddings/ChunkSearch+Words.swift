import Postgres

extension ChunkSearch {
    /// A word that more chunks have than these tells little about any of them.
    private static let commonFrom = 2000
    /// How many different words of a query are looked up one by one.
    private static let maxWords = 32

    /// The chunks that fit a query by their words, the best first; with what they fit, which only compares within one answer.
    ///
    /// First those that have all of its words, in the manner of web searches (`"a phrase"`, `-without`, `or`), by how near to each other the words stand.
    /// Where those are too few, then those that have some: by the rarity of the words that they have, of those that fewer than 2,000
    /// chunks have; but who asks for a phrase, or leaves something out, gets no less than that. Words are compared as they stand, without regard to case (configuration `simple`): sources are in many languages, one
    /// configuration serves them all, and the vectors know of inflections and synonyms.
    ///
    /// - Parameter ranked: of how many chunks with all of the words the best are looked for; of more, some are left out.
    /// - Returns: what was found, and whether chunks with all of the words were left out.
    public func words(
        _ query: String, limit: Int, ranked: Int, _ session: Session
    ) throws -> (found: [(chunk: Int64, score: Double)], isCut: Bool) {
        let query = query.replacingNUL
        let match = filter.condition(on: "s", of: space)
        let mark = "'\(EmbeddingSpace.mark(space.id))'"
        let all = try session.query(
            """
            WITH asked AS (SELECT websearch_to_tsquery('simple', \(query)) AS words),
            ranked AS MATERIALIZED (
                SELECT m.id, ts_rank_cd(m.words, m.asked, 1)::float8 AS score FROM (
                    SELECT c.id, c.words, q.words AS asked
                    FROM asked q JOIN embedding_chunks c ON c.words @@ (\(mark)::tsquery && q.words) JOIN embedding_sources s ON s.id = c.source
                    WHERE numnode(q.words) > 0 AND \(match) LIMIT \(ranked + 1)
                ) m
            )
            SELECT id, score, (SELECT count(*) FROM ranked) AS matches FROM ranked ORDER BY score DESC, id LIMIT \(limit)
            """)
        let isCut = try all.first.map { try $0.decode("matches", as: Int.self) > ranked } ?? false
        let found = try all.map {
            (chunk: try $0.decode("id", as: Int64.self), score: 1 + (try $0.decode("score", as: Double.self)))
        }
        guard found.count < limit, !Self.isExact(query) else { return (found, isCut) }
        let some = try session.query(
            """
            WITH asked AS MATERIALIZED (
                SELECT (\(mark)::tsquery && to_tsquery('simple', quote_literal(w.lexeme))) AS word
                FROM (SELECT lexeme FROM unnest(to_tsvector('simple', \(query))) ORDER BY lexeme LIMIT \(Self.maxWords)) w
            ), telling AS MATERIALIZED (
                SELECT a.word, n.count FROM asked a, LATERAL (
                    SELECT count(*) AS count FROM (
                        SELECT 1 FROM embedding_chunks c WHERE c.words @@ a.word LIMIT \(Self.commonFrom)
                    ) l
                ) n
                WHERE n.count BETWEEN 1 AND \(Self.commonFrom - 1)
            )
            SELECT c.id, sum(ln(1 + \(Double(Self.commonFrom)) / t.count))::float8 AS score
            FROM telling t JOIN embedding_chunks c ON c.words @@ t.word JOIN embedding_sources s ON s.id = c.source
            WHERE c.id <> ALL(\(found.map(\.chunk))) AND \(match)
            GROUP BY c.id ORDER BY score DESC, c.id LIMIT \(limit - found.count)
            """)
        // Below 1, where the others begin, in the same order.
        let more = try some.map { row in
            let score = try row.decode("score", as: Double.self)
            return (chunk: try row.decode("id", as: Int64.self), score: score / (1 + score))
        }
        return (found + more, isCut)
    }

    /// Whether it has a phrase, or something to leave out.
    private static func isExact(_ query: String) -> Bool {
        query.contains("\"") || query.split(whereSeparator: \.isWhitespace).contains { $0.hasPrefix("-") }
    }
}
