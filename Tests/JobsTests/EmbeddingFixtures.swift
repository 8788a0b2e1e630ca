import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

/// Runs the body with a space of a running job, for vectors of four numbers.
func withSpace(_ body: @escaping @Sendable (JobStore, EmbeddingSpace, Fence) async throws -> Void) async throws {
    try await withStore { store in
        let fence = try await store.run()
        try await body(store, try await store.space(fence), fence)
    }
}

/// A source whose whole text is given.
func source(
    _ key: String, text: String, chunker: String = "1", labels: JSON = [:], kind: SourceKind = .page
) -> EmbeddingSource {
    EmbeddingSource(kind: kind, key: key, labels: labels, hash: sha256(text), chunker: chunker)
}

/// A text's chunks: its words.
func pieces(of text: String) -> [EmbeddedChunk] {
    text.split(separator: " ").enumerated().map { number, word in
        EmbeddedChunk(
            ordinal: Int32(number), start: Int32(10 * number), end: Int32(10 * number + 5), page: 1,
            headings: ["A", "B"],
            text: String(word))
    }
}

/// A vector of each text: a different one of unit length, the same whenever it is asked for.
func vectors(of chunks: [EmbeddedChunk]) -> [EmbeddedVector] {
    chunks.map { chunk in
        let numbers = sha256(chunk.text).prefix(4).map { Float($0) + 1 }
        let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return EmbeddedVector(hash: chunk.hash, vector: numbers.map { $0 / length }, tokens: chunk.text.count)
    }
}

extension JobStore {
    /// Opens the space of a running job.
    func space(_ fence: Fence, namespace: String = "default", revision: String = "1") async throws -> EmbeddingSpace {
        try await within(fence) {
            try EmbeddingSpace.open(namespace: namespace, model: "probe", revision: revision, dimensions: 4, $0)
        }
    }

    /// Begins a source; answers what is to be done.
    func begin(_ source: EmbeddingSource, _ space: EmbeddingSpace, _ fence: Fence) async throws -> SourceStart {
        try await within(fence) { try space.begin([source], job: fence.job, $0) }[0]
    }

    /// Embeds a source's text as a worker would: begins it, writes its chunks, and ends it.
    func embed(
        _ key: String, text: String, chunker: String = "1", labels: JSON = [:], _ space: EmbeddingSpace, _ fence: Fence
    ) async throws {
        let start = try await begin(source(key, text: text, chunker: chunker, labels: labels), space, fence)
        guard case .open(let open) = start else { return }
        let chunks = pieces(of: text)
        _ = try await within(fence) { session in
            try space.finish(open, with: chunks, vectors: vectors(of: chunks), of: chunks.count, session)
        }
    }

    /// The texts of the chunks that searches see, in order, with the ids of their sources.
    func searched() async throws -> [String] {
        try await database.query(
            """
            SELECT s.key || ' ' || string_agg(c.text, ' ' ORDER BY c.ordinal) AS line
            FROM embedding_sources s JOIN embedding_chunks c ON c.source = s.id WHERE s.state = 'ready' GROUP BY s.id, s.key ORDER BY s.key, s.id
            """
        ).map { try $0.decode("line") }
    }

    /// How many rows each table of the embeddings has: sources, chunks, vectors.
    func embeddingRows() async throws -> [Int] {
        var counts: [Int] = []
        for table: StaticString in ["embedding_sources", "embedding_chunks", "embedding_vectors"] {
            counts.append(try await count("SELECT count(*) AS n FROM \(raw: table)"))
        }
        return counts
    }

    /// How many sources and chunks of a job are searched, and their tokens.
    func searchedCounts(of job: UUID) async throws -> [Int] {
        let rows = try await database.query(
            """
            SELECT count(*) AS sources, coalesce(sum(chunks), 0)::bigint AS chunks, coalesce(sum(tokens), 0)::bigint AS tokens
            FROM embedding_sources WHERE job_id = \(job) AND state = 'ready'
            """)
        return try ["sources", "chunks", "tokens"].map { try rows[0].decode($0, as: Int.self) }
    }
}
