import Postgres

extension EmbeddingSpace {
    /// How much of a chunk's text, in characters, and how many of its words are found by full text: what PostgreSQL takes for one row.
    private static let searchedText: Int32 = 100_000

    /// Which of these texts have a vector, by the SHA-256 of each.
    public func known(_ hashes: [[UInt8]], in database: Database) async throws -> Set<[UInt8]> {
        let rows = try await database.query(
            "SELECT hash FROM embedding_vectors WHERE space = \(id) AND hash = ANY(\(hashes))")
        return Set(try rows.map { try $0.decode("hash") })
    }

    /// Writes chunks of a source and the vectors that they need and that are not there yet, all together or nothing.
    ///
    /// Safe to repeat, also after the source has ended: a vector and a chunk that are there stay as they are. Keep a batch to a few hundred.
    ///
    /// - Parameter vectors: of texts among the chunks' alone, so that nothing is stored that no chunk refers to; others are left out.
    /// - Returns: how many chunks the source has now.
    /// - Throws: `MissingVectors`, or `.usage` for what cannot be stored; nothing was written then.
    @discardableResult
    public func write(
        _ chunks: [EmbeddedChunk], vectors: [EmbeddedVector], to source: OpenSource, _ session: Session
    ) throws -> Int {
        try check(chunks, vectors)
        let hasIndex = try joinWriters(session)
        let wanted = Set(chunks.map(\.hash))
        try secure(wanted, vectors.filter { wanted.contains($0.hash) }, hasIndex: hasIndex, session)
        let rows = try session.query(
            """
            WITH added AS (
                INSERT INTO embedding_chunks (source, ordinal, vector, page, start_offset, end_offset, headings, text, words)
                SELECT \(source.id), u.ordinal, v.id, u.page, u.start, u.finish, u.headings, u.text,
                    to_tsvector('simple', left(concat_ws(' ', u.titles, u.text), \(Self.searchedText)))
                        || array_to_tsvector(ARRAY[\(Self.mark(id))])
                FROM unnest(\(chunks.map(\.ordinal)), \(chunks.map(\.hash)), \(chunks.map(\.page)), \(chunks.map(\.start)), \(chunks.map(\.end)),
                    \(chunks.map(\.headingText)), \(chunks.map { $0.headings.joined(separator: " ").replacingNUL }),
                    \(chunks.map(\.text.replacingNUL))) AS u (ordinal, hash, page, start, finish, headings, titles, text)
                JOIN embedding_vectors v ON v.space = \(id) AND v.hash = u.hash
                JOIN embedding_sources s ON s.id = \(source.id) AND s.state = 'building'
                ORDER BY u.ordinal
                ON CONFLICT (source, ordinal) DO NOTHING
                RETURNING vector
            )
            UPDATE embedding_sources s SET chunks = s.chunks + a.n, tokens = s.tokens + a.tokens
            FROM (
                SELECT count(*)::integer AS n, coalesce(sum(v.tokens), 0)::bigint AS tokens
                FROM added JOIN embedding_vectors v ON v.id = added.vector
            ) a
            WHERE s.id = \(source.id) AND s.state = 'building' RETURNING s.chunks
            """)
        if let row = rows.first { return try row.decode("chunks") }
        return try countChunks(ofEnded: source, session)
    }

    /// How many chunks a source has that was ended by the same call, whose commit nobody was told of.
    private func countChunks(ofEnded source: OpenSource, _ session: Session) throws -> Int {
        let rows = try session.query("SELECT chunks FROM embedding_sources WHERE id = \(source.id) AND state = 'ready'")
        guard let row = rows.first else { throw PostgresError(.usage, "the source is not being written") }
        return try row.decode("chunks")
    }

    private func check(_ chunks: [EmbeddedChunk], _ vectors: [EmbeddedVector]) throws {
        if let chunk = chunks.first(where: { $0.text.utf8.count > EmbeddedChunk.maxTextBytes }) {
            throw PostgresError(.usage, "chunk \(chunk.ordinal) has more than \(EmbeddedChunk.maxTextBytes) bytes")
        }
        for vector in vectors {
            if let fault = vector.vector.fault(dimensions: dimensions) {
                throw PostgresError(.usage, "a vector of \(model) \(fault)")
            }
        }
    }

    /// Adds the vectors that are not there and keeps all that are wanted from being forgotten until the transaction ends.
    ///
    /// A vector that the broom is taking away counts as there for the insertion, which does not wait, and is gone for the lock, which does; what is
    /// at hand is added once more then. It is this transaction's own afterwards.
    private func secure(
        _ wanted: Set<[UInt8]>, _ vectors: [EmbeddedVector], hasIndex: Bool, _ session: Session
    ) throws {
        try add(vectors, hasIndex: hasIndex, session)
        var missing = try lock(wanted, session)
        let again = vectors.filter { missing.contains($0.hash) }
        if !again.isEmpty {
            try add(again, hasIndex: hasIndex, session)
            missing = try lock(missing, session)
        }
        guard missing.isEmpty else { throw MissingVectors(hashes: Array(missing)) }
    }

    private func add(_ vectors: [EmbeddedVector], hasIndex: Bool, _ session: Session) throws {
        guard !vectors.isEmpty else { return }
        let rows = try session.query(
            """
            INSERT INTO embedding_vectors (space, hash, tokens, vector)
            SELECT \(id), u.hash, u.tokens, u.vector
            FROM unnest(\(vectors.map(\.hash)), \(vectors.map { Int32($0.tokens) }), \(vectors.map(\.vector.bytes))) AS u (hash, tokens, vector)
            ORDER BY u.hash
            ON CONFLICT (space, hash) DO NOTHING RETURNING id, hash
            """)
        guard hasIndex, !rows.isEmpty else { return }
        let numbers = Dictionary(vectors.map { ($0.hash, $0.vector) }) { first, _ in first }
        let added = try rows.map { row in
            (try row.decode("id", as: Int64.self), numbers[try row.decode("hash")] ?? StoredVector([]))
        }
        try session.query(VectorIndex.insertion(of: added, into: id, dimensions: dimensions))
    }

    /// Locks vectors against the broom; answers those that are not there.
    private func lock(_ hashes: Set<[UInt8]>, _ session: Session) throws -> Set<[UInt8]> {
        let rows = try session.query(
            """
            SELECT hash FROM embedding_vectors WHERE space = \(id) AND hash = ANY(\(Array(hashes))) ORDER BY hash FOR KEY SHARE
            """)
        return hashes.subtracting(try rows.map { try $0.decode("hash", as: [UInt8].self) })
    }
}
