import Crypto
import Embedding
import Foundation
import JSON
import Jobs
import LocalServers
import Postgres
import TestKit
import Testing

@testable import Search

/// A server that searches run on.
enum Server: String, CaseIterable, CustomTestStringConvertible {
    /// Debian's PostgreSQL, without the `vector` extension.
    case plain
    /// One with it.
    case pgvector

    var testDescription: String { rawValue }

    func url() async throws -> String? {
        switch self {
        case .plain: nil
        case .pgvector: try await ExtensionServer.shared.url()
        }
    }
}

/// The PostgreSQL with pgvector, which starts with the first test that wants it. `compose/test` fetches it, and stops it.
private actor ExtensionServer {
    static let shared = ExtensionServer()
    private var started: Task<String, any Error>?

    func url() async throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let programs = try #require(environment["SWITCHYARD_PGVECTOR"], "compose/test installs it and says where it is")
        let folder = try #require(environment["SWITCHYARD_TEST_FOLDER"], "compose/test makes it")
        let task =
            started
            ?? Task {
                let url = try await LocalPostgres(folder: folder + "/search", programs: programs).start()
                // Outside of the schemas of tests, which come and go.
                let database = Database(PostgresConfiguration(url: url, applicationName: "TestKit"), size: 1)
                try await database.query("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
                await database.close()
                return url
            }
        started = task
        return try await task.value
    }
}

/// A database with embedded chunks, and an engine over it.
struct World: Sendable {
    let database: Database
    var engine: SearchEngine

    /// Runs a test on a schema of its own.
    static func with(
        _ server: Server = .plain, models: [any Embedder] = [], timeout: Duration = .seconds(20),
        _ body: @Sendable (World) async throws -> Void
    ) async throws {
        try await TestDatabase.with(url: try await server.url()) { test in
            var configuration = test.configuration
            configuration.settings = SearchEngine.settings
            configuration.statementTimeout = timeout
            let pool = Database(configuration, size: 2)
            let engine = SearchEngine(pool, models: EmbeddingModels(models), timeout: timeout)
            try await body(World(database: test.database, engine: engine))
            await pool.close()
        }
    }

    /// Opens the space of a model.
    func space(_ dimensions: Int, model: String = "probe", revision: String = "1", namespace: String = "default")
        async throws
        -> EmbeddingSpace
    {
        try await database.transaction {
            try EmbeddingSpace.open(namespace: namespace, model: model, revision: revision, dimensions: dimensions, $0)
        }
    }

    /// Embeds a source whose chunks have these texts and vectors.
    func add(
        _ key: String, _ texts: [(text: String, vector: [Float])], labels: JSON = [:], kind: SourceKind = .page,
        job: UUID = UUID(), to space: EmbeddingSpace
    ) async throws {
        var source = EmbeddingSource(
            kind: kind, key: key, labels: labels, hash: sha256(key + texts.map(\.text).joined(separator: "\n")),
            chunker: "1")
        source.title = "Title of \(key)"
        source.url = "http://a.test/\(key)"
        let chunks = texts.enumerated().map { number, entry in
            EmbeddedChunk(
                ordinal: Int32(number), start: Int32(100 * number), end: Int32(100 * number + 100), page: 3,
                headings: ["Top"],
                text: entry.text)
        }
        let vectors = zip(chunks, texts).map { EmbeddedVector(hash: $0.hash, vector: $1.vector, tokens: 5) }
        try await database.transaction { [source] session in
            guard case .open(let open) = try space.begin([source], job: job, session)[0] else { return }
            try space.finish(open, with: chunks, vectors: vectors, of: chunks.count, session)
        }
    }

    /// Embeds texts with an embedder, each as a source of its own.
    func add(_ texts: [String: String], by embedder: HashingEmbedder, namespace: String = "default") async throws {
        let model = embedder.model
        let space = try await space(
            model.dimensions, model: model.name, revision: model.revision, namespace: namespace)
        for (key, text) in texts {
            try await add(key, [(text, embedder.vector(text))], to: space)
        }
    }

    /// Builds the indexes of all spaces, however small.
    func buildIndexes() async throws {
        guard case .installed(let installation) = try await VectorExtension.find(in: database) else {
            throw TestKitError("the server has no vector extension")
        }
        for outcome in try await VectorIndexBuilder(database).run(installation, threshold: 1) {
            if let fault = outcome.fault { throw fault }
        }
    }

    /// Every chunk that searches may find, with its vector, and the labels, kind, key and job of its source.
    func everything(in space: EmbeddingSpace) async throws -> [Stored] {
        try await database.query(
            """
            SELECT c.id, v.vector, s.kind, s.key, s.job_id, s.labels->>'set' AS label
            FROM embedding_chunks c JOIN embedding_vectors v ON v.id = c.vector JOIN embedding_sources s ON s.id = c.source
            WHERE s.space = \(space.id) AND s.state = 'ready' ORDER BY c.id
            """
        ).map {
            Stored(
                id: try $0.decode("id"), vector: try $0.decode("vector", as: StoredVector.self).numbers,
                kind: try $0.decode("kind"),
                key: try $0.decode("key"), job: try $0.decode("job_id"), label: try $0.decode("label"))
        }
    }
}

struct Stored: Sendable {
    let id: Int64
    let vector: [Float]
    let kind: SourceKind
    let key: String
    let job: UUID
    let label: String?
}

/// Random directions, the same on each run.
struct Directions {
    private var random: Seeded

    init(_ seed: UInt64) { random = Seeded(state: seed) }

    mutating func next(_ dimensions: Int) -> [Float] {
        Self.unit((0..<dimensions).map { _ in gaussian() })
    }

    /// Near to another one: noise of this length is added.
    mutating func near(_ centre: [Float], noise: Float) -> [Float] {
        let scale = noise / Float(centre.count).squareRoot()
        return Self.unit(centre.map { $0 + scale * gaussian() })
    }

    /// Nearly so, as the sum of four even numbers is.
    private mutating func gaussian() -> Float {
        let bits = random.next()
        let sum = (0..<4).reduce(Float(0)) { $0 + Float((bits >> (16 * UInt64($1))) & 0xFFFF) / 65_535 }
        return (sum - 2) * 1.732
    }

    static func unit(_ numbers: [Float]) -> [Float] {
        let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return numbers.map { $0 / length }
    }
}

/// An embedder without a model: each word has a direction of its own, and a text has the mean of its words'.
struct HashingEmbedder: Embedder {
    var model = EmbeddingModel(name: "hashing", revision: "1", dimensions: 64, maxTokens: 32)
    let tokenizer: any TextTokenizer = Words()

    private struct Words: TextTokenizer {
        func ranges(in text: String) -> [Range<Int>] {
            text.split(separator: " ").map { word in
                let start = text.utf8.distance(from: text.startIndex, to: word.startIndex)
                return start..<start + word.utf8.count
            }
        }
    }

    func vector(_ text: String) -> [Float] {
        var sum = [Float](repeating: 0, count: model.dimensions)
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
            let seed = sha256(String(word)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            var directions = Directions(seed)
            for (index, number) in directions.next(model.dimensions).enumerated() { sum[index] += number }
        }
        return Directions.unit(sum)
    }

    func embed(
        _ texts: [String], as role: TextRole
    ) async throws(EmbeddingError) -> [Result<EmbeddedText, EmbeddingError>] {
        texts.map { text in
            let tokens = tokenizer.ranges(in: text).count
            guard tokens <= model.maxTokens else { return .failure(EmbeddingError(.tooLong, "The text is too long.")) }
            return .success(EmbeddedText(vector: vector(text), tokens: tokens))
        }
    }
}

/// An embedder whose endpoint does not answer.
struct SilentEmbedder: Embedder {
    let model = HashingEmbedder().model
    var tokenizer: any TextTokenizer { HashingEmbedder().tokenizer }

    func embed(
        _ texts: [String], as role: TextRole
    ) async throws(EmbeddingError) -> [Result<EmbeddedText, EmbeddingError>] {
        do { try await Task.sleep(for: .seconds(600)) } catch { throw EmbeddingError(.cancelled, "cancelled") }
        throw EmbeddingError(.unavailable, "away")
    }
}
