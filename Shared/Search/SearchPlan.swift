import Jobs
import Postgres

/// A search that is ready to run: it is known where to look, and the query has its vector.
public struct SearchPlan: Sendable {
    /// By what chunks are found, which is less than was asked for where a note says so.
    public internal(set) var mode: SearchRequest.Mode
    /// The name of the model; nil when the namespace has none.
    public internal(set) var model: String?
    /// What the asker should know: sentences.
    public internal(set) var notes: [String] = []

    let request: SearchRequest
    /// Nil while there is nothing to be found.
    var search: ChunkSearch?
    var vector: [Float]?
    let few: Int
    let mostRanked: Int
    let timeout: Duration

    /// What is looked through; nil while there is nothing.
    public var space: EmbeddingSpace? { search?.space }

    private var depth: Int { mode == .hybrid ? max(SearchEngine.leastDepth, 3 * request.count) : request.count }

    /// Ranks chunks, the best first. The transaction at hand must see one moment (REPEATABLE READ).
    ///
    /// - Throws: `SearchError`, `PostgresError`.
    public func ranking(_ session: Session) throws -> SearchRanking {
        guard let search else { return SearchRanking() }
        let deadline = ContinuousClock.now + timeout
        let (words, isCut) =
            try mode == .vector
            ? ([], false) : search.words(request.text ?? "", limit: depth, ranked: mostRanked, session)
        let near = try vector.map { try neighbours(of: $0, by: search, until: deadline, session) }
        let similarities = Dictionary(uniqueKeysWithValues: (near?.found ?? []).map { ($0.chunk, $0.similarity) })
        let scores = Dictionary(uniqueKeysWithValues: words)
        let order = Fusion.merge(vector: near?.found.map(\.chunk) ?? [], text: words.map(\.chunk)).prefix(request.count)
        let chunks = order.map { entry in
            let score =
                switch mode {
                case .vector: similarities[entry.chunk]
                case .text: scores[entry.chunk]
                case .hybrid: entry.score
                }
            return RankedChunk(
                chunk: entry.chunk, score: score ?? 0, similarity: similarities[entry.chunk],
                vectorRank: entry.vectorRank, textRank: entry.textRank)
        }
        return SearchRanking(method: near?.method, chunks: chunks, notes: isCut ? [cutNote] : [])
    }

    private var cutNote: String {
        "More than \(mostRanked) chunks have the words: the best of \(mostRanked) of them are shown. Add words, or filters."
    }

    private func neighbours(
        of query: [Float], by search: ChunkSearch, until deadline: ContinuousClock.Instant, _ session: Session
    ) throws -> (method: SearchAnswer.Method, found: [Neighbour]) {
        var neighbours = Neighbours(of: query, count: depth, floor: request.minSimilarity ?? -.infinity)
        if let index = search.space.index, try search.filter.isEmpty || search.hasMore(than: few, session) {
            let count = min(ChunkSearch.widest, max(100, 4 * depth))
            if let candidates = try search.candidates(near: query, by: index, count: count, least: depth, session) {
                neighbours.look(at: candidates)
                return (.index, neighbours.sorted)
            }
        }
        let batch = max(16, SearchEngine.batchBytes / (4 * query.count))
        try search.scan(batch: batch, session) { rows in
            guard ContinuousClock.now < deadline else { throw SearchError.timeIsOver(timeout) }
            neighbours.look(at: rows)
        }
        return (.exact, neighbours.sorted)
    }
}

/// Chunks in the order of a search.
public struct SearchRanking: Sendable {
    /// How neighbours were looked for; nil when they were not.
    public var method: SearchAnswer.Method?
    /// The best first.
    public var chunks: [RankedChunk] = []
    /// What the asker should know: sentences.
    public var notes: [String] = []
}
