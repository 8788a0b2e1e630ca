import Postgres

extension Dataset {
    /// Chunks in the order of a search, with what they are found by and the sources that they are from.
    ///
    /// - Parameter space: where they were searched; nothing of another one comes out, and nothing at all without one.
    public static func hits(_ chunks: [RankedChunk], in space: EmbeddingSpace?) -> SQLText {
        func array<Value>(_ values: [Value?], _ type: String) -> SQLText {
            let items = values.map { $0.map { "\($0)" } ?? "NULL" }
            return "\(literal: "{" + items.joined(separator: ",") + "}", type)"
        }
        let columns: [SQLText] = [
            array(chunks.map(\.chunk), "bigint[]"), array(chunks.map(\.score), "double precision[]"),
            array(chunks.map(\.similarity), "double precision[]"), array(chunks.map(\.vectorRank), "integer[]"),
            array(chunks.map(\.textRank), "integer[]"),
        ]
        return """
            SELECT h.rank, h.score, h.similarity, h.vector_rank, h.text_rank, c.id AS chunk, s.kind, s.key AS source, s.title, s.url,
                s.job_id, s.labels, c.ordinal, c.page, c.start_offset, c.end_offset, c.headings, c.text
            FROM unnest(\(columns, separator: ", ")) WITH ORDINALITY AS h (id, score, similarity, vector_rank, text_rank, rank)
                JOIN embedding_chunks c ON c.id = h.id
                JOIN embedding_sources s ON s.id = c.source AND s.space = \(literal: space.map { "\($0.id)" }, "integer")
            ORDER BY h.rank
            """
    }
}
