import Foundation
import JSON
import Postgres

extension EmbeddingSpace {
    /// The most chunks that are copied from one source to another in one statement.
    static let maxCopied: Int32 = 2000
    /// What the chunker of a source is marked with that lacks chunks, so that no chunker is the same.
    private static let incomplete = " incomplete"

    /// Begins sources of a job, or goes on with those that it has begun; what is embedded already is done with.
    ///
    /// A source whose version with the same text and chunker is searched only changes its job, title and URL. Where another source has the
    /// same text and chunker its chunks are copied.
    ///
    /// - Returns: what is to be done with each, in order.
    public func begin(_ sources: [EmbeddingSource], job: UUID, _ session: Session) throws -> [SourceStart] {
        var starts: [Int: SourceStart] = [:]
        let keyed = sources.enumerated().map { (offset: $0.offset, source: $0.element, identity: $0.element.identity) }
        for entry in keyed.sorted(by: { $0.identity.lexicographicallyPrecedes($1.identity) }) {
            starts[entry.offset] = try begin(entry.source, identity: entry.identity, job: job, session)
        }
        return sources.indices.compactMap { starts[$0] }
    }

    /// Writes the last chunks of a source and ends it: it is searched from the commit on, and its earlier version is not.
    ///
    /// With fewer chunks there than its text has, because some have no vector, it is searched without those, but never taken for embedded: it
    /// is begun anew by the next job that comes across it, and not copied. With none of them it takes no earlier version's place.
    ///
    /// Safe to repeat, also after another job has put its own version in place: that one stays.
    ///
    /// - Parameters:
    ///   - chunks: those that are not written yet; see `write`.
    ///   - count: how many its text has, sound or not.
    /// - Throws: as `write` does; with chunks also when the source was replaced already.
    public func finish(
        _ source: OpenSource, with chunks: [EmbeddedChunk] = [], vectors: [EmbeddedVector] = [], of count: Int,
        _ session: Session
    ) throws {
        try lock(source.identity, session)
        if !chunks.isEmpty { try write(chunks, vectors: vectors, to: source, session) }
        let rows = try session.query(
            "SELECT chunks FROM embedding_sources WHERE id = \(source.id) AND state = 'building'")
        guard let written = try rows.first?.decode("chunks", as: Int.self) else { return }
        guard written > 0 || count == 0 else {
            _ = try session.query("UPDATE embedding_sources SET state = 'replaced' WHERE id = \(source.id)")
            return
        }
        let suffix = written == count ? "" : Self.incomplete
        _ = try session.pipeline([
            "UPDATE embedding_sources SET state = 'replaced' WHERE space = \(id) AND identity = \(source.identity) AND state = 'ready'",
            "UPDATE embedding_sources SET state = 'ready', chunker = chunker || \(suffix) WHERE id = \(source.id) AND state = 'building'",
        ])
    }

    /// Lets one version of a source begin or end at a time, until the transaction ends.
    private func lock(_ identity: [UInt8], _ session: Session) throws {
        let key = identity.prefix(8).reduce(0) { $0 << 8 | Int64($1) } ^ Int64(id)
        _ = try session.query("SELECT pg_advisory_xact_lock(\(key))")
    }

    private func begin(_ source: EmbeddingSource, identity: [UInt8], job: UUID, _ session: Session) throws
        -> SourceStart
    {
        try source.check()
        try lock(identity, session)
        let title = source.title?.replacingNUL
        let url = source.url?.replacingNUL
        let kept = try session.query(
            """
            UPDATE embedding_sources s SET job_id = \(job), title = \(title as String?), url = \(url as String?)
            FROM (
                SELECT id, job_id FROM embedding_sources
                WHERE space = \(id) AND identity = \(identity) AND state = 'ready' AND hash = \(source.hash) AND chunker = \(source.chunker)
                FOR NO KEY UPDATE
            ) known
            WHERE s.id = known.id RETURNING s.chunks, s.tokens, known.job_id = \(job) AS is_own
            """)
        if let row = kept.first {
            let (chunks, tokens) = (try row.decode("chunks", as: Int.self), try row.decode("tokens", as: Int.self))
            return try row.decode("is_own")
                ? .repeated(chunks: chunks, tokens: tokens) : .unchanged(chunks: chunks, tokens: tokens)
        }
        let rows = try session.pipeline([
            // What an earlier attempt began with another text is of no use.
            """
            UPDATE embedding_sources SET state = 'replaced' WHERE space = \(id) AND identity = \(identity) AND job_id = \(job)
                AND state = 'building' AND (hash, chunker) <> (\(source.hash), \(source.chunker))
            """,
            """
            INSERT INTO embedding_sources AS s (space, identity, job_id, kind, key, labels, hash, chunker, title, url)
            VALUES (\(id), \(identity), \(job), \(source.kind), \(source.key), \(JSONText(replacingNUL: source.labels.serialized())),
                \(source.hash), \(source.chunker), \(title as String?), \(url as String?))
            ON CONFLICT (space, identity, job_id) WHERE state = 'building' DO UPDATE SET title = excluded.title, url = excluded.url
            RETURNING id, chunks
            """,
        ])[1]
        guard let row = rows.first else { throw PostgresError(.decoding, "a source that was begun has no row") }
        let open = OpenSource(id: try row.decode("id"), identity: identity, written: try row.decode("chunks"))
        guard open.written == 0, let copied = try copy(source, to: open, session) else { return .open(open) }
        return copied
    }

    /// Takes over the chunks of another source with the same text, if there is one.
    private func copy(_ source: EmbeddingSource, to open: OpenSource, _ session: Session) throws -> SourceStart? {
        // The lock keeps it from being replaced, and so its vectors from being forgotten; one that somebody replaces at this moment is
        // passed over.
        let rows = try session.query(
            """
            SELECT id, chunks, tokens FROM embedding_sources
            WHERE space = \(id) AND hash = \(source.hash) AND state = 'ready' AND chunker = \(source.chunker) AND chunks <= \(Self.maxCopied)
            ORDER BY id LIMIT 1 FOR SHARE SKIP LOCKED
            """)
        guard let row = rows.first else { return nil }
        let (other, chunks, tokens) = (
            try row.decode("id", as: Int64.self), try row.decode("chunks", as: Int.self),
            try row.decode("tokens", as: Int.self)
        )
        _ = try session.pipeline([
            """
            INSERT INTO embedding_chunks (source, ordinal, vector, page, start_offset, end_offset, headings, text, words)
            SELECT \(open.id), ordinal, vector, page, start_offset, end_offset, headings, text, words
            FROM embedding_chunks WHERE source = \(other) ORDER BY ordinal
            """,
            "UPDATE embedding_sources SET chunks = \(Int32(chunks)), tokens = \(tokens) WHERE id = \(open.id)",
        ])
        try finish(open, of: chunks, session)
        return .unchanged(chunks: chunks, tokens: tokens)
    }
}
