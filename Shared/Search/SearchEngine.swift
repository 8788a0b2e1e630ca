import Concurrency
import Embedding
import Jobs
import Postgres

/// Searches what was embedded.
///
/// A search runs on the thread of a connection of its own pool, so that comparing many vectors holds up nobody else, and no more searches run at a
/// time than the pool has connections. Its memory is bounded: one batch of vectors and the hits.
public struct SearchEngine: Sendable {
    /// Up to how many chunks that a filter lets through are all compared, also where there is an index: that is as fast, and exact.
    static let standardFew = 5000
    /// Of how many chunks with all of a query's words the best are looked for: ranking one takes some tens of microseconds.
    static let standardRanked = 20_000
    /// How many bytes of vectors are compared at a time.
    static let batchBytes = 2 << 20
    /// How many of each list are fused at the least, so that one far down in both can come up.
    static let leastDepth = 50
    /// The most text of an answer.
    private static let maxTextBytes = JobStore.maxTextBytes

    /// For the sessions of searches: each is planned by its own filters.
    public static let settings: [(name: String, value: String)] = [
        ("plan_cache_mode", "force_custom_plan"), ("max_parallel_workers_per_gather", "0"), ("random_page_cost", "1.1"),
        ("jit", "off"),
    ]

    private let database: Database
    private let models: EmbeddingModels
    private let timeout: Duration
    /// As `standardFew`; less in tests.
    var few = standardFew
    /// As `standardRanked`; less in tests.
    var ranked = standardRanked

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - database: a pool of its own, with `settings`, and with `timeout` as the limit of a statement.
    ///   - timeout: how long a search may take, without the wait for its turn.
    public init(_ database: Database, models: EmbeddingModels, timeout: Duration) {
        self.database = database
        self.models = models
        self.timeout = timeout
    }

    /// Finds what a request of a namespace looks for.
    ///
    /// - Throws: `SearchError`, `PostgresError`, or `CancellationError`.
    public func search(_ request: SearchRequest, namespace: String) async throws -> SearchAnswer {
        do {
            let plan = try await plan(request, namespace: namespace)
            var answer = SearchAnswer(mode: plan.mode, model: plan.model, notes: plan.notes)
            guard let search = plan.search else { return answer }
            let (ranking, chunks) = try await database.withSession { session in
                try session.transaction { session in
                    try ChunkSearch.hold(session)
                    let ranking = try plan.ranking(session)
                    return (ranking, try search.chunks(ranking.chunks.map(\.chunk), session))
                }
            }
            answer.method = ranking.method
            answer.hits = ranking.chunks.compactMap { ranked in chunks[ranked.chunk].map { SearchHit(ranked, $0) } }
            answer.notes += ranking.notes
            if let note = Self.cut(&answer.hits) { answer.notes.append(note) }
            return answer
        } catch let error as PostgresError where error.kind == .poolTimeout {
            throw SearchError(.busy, "Too many searches are under way. Try again.")
        } catch let error as PostgresError where error.isOverload {
            throw SearchError.timeIsOver(timeout)
        } catch is TimedOut {
            throw SearchError.timeIsOver(timeout)
        }
    }

    /// Finds out where a request of a namespace looks, and turns its text into a vector where it needs one. Nothing is searched yet.
    ///
    /// - Throws: `SearchError`, `PostgresError`, or `CancellationError`.
    public func plan(_ request: SearchRequest, namespace: String) async throws -> SearchPlan {
        let place = try await place(of: request, namespace: namespace)
        var plan = SearchPlan(
            mode: request.mode, model: place.model, request: request, few: few, mostRanked: ranked, timeout: timeout)
        plan.vector = try await vector(for: request, in: place, &plan)
        plan.search = place.space.map { ChunkSearch($0, request.filter) }
        return plan
    }

    /// Where a request looks.
    private struct Place {
        /// The name of the model; nil when nothing says one.
        var model: String?
        /// What is there of it; nil when there is nothing yet.
        var space: EmbeddingSpace?
        /// What turns texts into its vectors, or why it does not; nil where that cannot be done here, or is not asked for.
        var embedder: Result<any Embedder, EmbeddingError>?

        /// The version of the model that texts are embedded by here.
        var current: EmbeddingModel? {
            guard case .success(let embedder) = embedder else { return nil }
            return embedder.model
        }
    }

    private func place(of request: SearchRequest, namespace: String) async throws -> Place {
        let name = request.model ?? models.standard
        let spaces = try await EmbeddingSpace.all(namespace: namespace, model: name, limit: 100, in: database)
        guard let name = name ?? spaces.first?.model else { return Place() }
        guard models.has(name) || !spaces.isEmpty else {
            throw SearchError(.unknownModel, "Nothing of this namespace was embedded by a model named \(name).")
        }
        var place = Place(model: name)
        // Words alone need no model, which may be large, or away.
        if models.has(name), request.mode != .text { place.embedder = try await open(name, within: patience(request)) }
        // The operator's own revision before newer ones: only to that one's vectors a text can be compared.
        place.space = spaces.first { $0.revision == place.current?.revision } ?? spaces.first { $0.model == name }
        return place
    }

    /// How long a model may take. Where words can be looked for without it, they get as much.
    private func patience(_ request: SearchRequest) -> Duration { request.mode == .hybrid ? timeout / 2 : timeout }

    private func open(_ name: String, within limit: Duration) async throws -> Result<any Embedder, EmbeddingError> {
        do {
            return .success(try await withTimeout(limit) { try await models.embedder(named: name) })
        } catch let error as EmbeddingError {
            return .failure(error)
        } catch is TimedOut {
            return .failure(EmbeddingError(.unavailable, "The model \(name) was not there within \(limit)."))
        }
    }

    /// The vector to look for; nil when words alone are looked for, or nothing is there to be found.
    private func vector(
        for request: SearchRequest, in place: Place, _ plan: inout SearchPlan
    ) async throws -> [Float]? {
        guard request.mode != .text else { return nil }
        if let vector = request.vector { return try Self.unit(vector, for: place) }
        guard let text = request.text, place.model != nil else { return nil }
        do {
            return try await embed(text, in: place, within: patience(request))
        } catch let error as SearchError where request.mode == .hybrid {
            plan.mode = .text
            plan.notes.append("Looked for words alone. \(error.message)")
            return nil
        }
    }

    private func embed(_ text: String, in place: Place, within limit: Duration) async throws -> [Float] {
        let name = place.model ?? ""
        guard let found = place.embedder else {
            throw SearchError(
                .noEmbedder, "Texts cannot be embedded by \(name) here: send a vector, or look for words.")
        }
        let embedder: any Embedder
        do { embedder = try found.get() } catch { throw try SearchError(error) }
        guard place.space.map({ $0.revision == embedder.model.revision }) ?? true else {
            throw SearchError(
                .noEmbedder,
                "What this namespace has of \(name) was embedded by another revision of it: embed it anew, send a vector, or look for words."
            )
        }
        do {
            let results = try await withTimeout(limit) { try await embedder.embed([text], as: .query) }
            guard let first = results.first else { throw EmbeddingError(.badVector, "The model gave no vector.") }
            return try Self.unit(first.get().vector, for: place)
        } catch let error as EmbeddingError {
            throw try SearchError(error)
        } catch is TimedOut {
            throw SearchError(.modelUnavailable, "The model \(name) gave no vector within \(limit).")
        }
    }

    /// The vector in unit length.
    private static func unit(_ vector: [Float], for place: Place) throws -> [Float] {
        let dimensions = place.space?.dimensions ?? place.current?.dimensions ?? vector.count
        guard vector.count == dimensions else {
            throw SearchError(
                .badVector,
                "A vector of \(place.model ?? "the model") has \(dimensions) numbers, this one has \(vector.count).")
        }
        let length = Neighbours.product(vector, vector).squareRoot()
        guard length.isFinite, length > 1e-30 else { throw SearchError(.badVector, "The vector has no direction.") }
        return vector.map { Float(Double($0) / length) }
    }

    /// Leaves out the last hits where the texts are too much for one answer.
    private static func cut(_ hits: inout [SearchHit]) -> String? {
        var bytes = 0
        guard
            let end = hits.firstIndex(where: { hit in
                bytes += hit.chunk.text.utf8.count
                return bytes > maxTextBytes
            }), end > 0
        else { return nil }
        hits.removeSubrange(end...)
        return "Only \(end) hits, because their texts are long; ask for the others by filters."
    }
}

extension SearchError {
    static func timeIsOver(_ limit: Duration) -> SearchError {
        SearchError(
            .tooSlow,
            "The search took longer than \(limit). Narrow it by filters, or have the `vector` extension installed."
        )
    }

    /// What an embedder's error means to whoever searches.
    fileprivate init(_ error: EmbeddingError) throws {
        switch error.code {
        case .tooLong, .empty, .refused: self.init(.badText, error.message)
        case .badVector, .model, .unavailable, .denied: self.init(.modelUnavailable, error.message)
        case .cancelled: throw CancellationError()
        }
    }
}
