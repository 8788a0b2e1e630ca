import Foundation
import Postgres

/// What one model has made for one namespace: the place in which its vectors are found.
///
/// Order of locks, in every transaction that writes: the job's row (`JobStore.transaction(under:)`), identities of sources in their order, the space (`joinWriters`),
/// vectors in the order of their hashes, then all else. So two jobs that embed the same texts wait for each other, but never in a circle.
public struct EmbeddingSpace: Sendable, Equatable {
    /// Its number, by which its rows are found.
    public let id: Int32
    /// The tenant that it belongs to.
    public let namespace: String
    /// By what people name the model.
    public let model: String
    /// What tells versions under the same name apart.
    public let revision: String
    /// How many numbers a vector has.
    public let dimensions: Int
    /// Where its vectors can be looked up beside their own table; nil where each has to be looked at.
    public let index: VectorIndex?

    static let columns: StaticString = """
        s.id, s.namespace, s.model, s.revision, s.dimensions, s.index_state, e.extversion, n.nspname
        """
    static let tables: StaticString = """
        embedding_spaces s LEFT JOIN pg_extension e ON e.extname = 'vector' LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
        """

    /// Finds the space of a model in a namespace, or makes it.
    ///
    /// - Parameter revision: what tells versions of a model apart; each has a space of its own.
    /// - Throws: `.usage` when the model had vectors of another length before, under the same revision.
    public static func open(
        namespace: String, model: String, revision: String, dimensions: Int, _ session: Session
    ) throws -> EmbeddingSpace {
        let rows = try session.pipeline([
            """
            INSERT INTO embedding_spaces (namespace, model, revision, dimensions)
            VALUES (\(namespace), \(model), \(revision), \(dimensions)) ON CONFLICT DO NOTHING
            """,
            """
            SELECT \(raw: columns) FROM \(raw: tables)
            WHERE s.namespace = \(namespace) AND s.model = \(model) AND s.revision = \(revision)
            """,
        ])[1]
        guard let space = try rows.first.map(EmbeddingSpace.init(row:)) else {
            throw PostgresError(.decoding, "a space that was opened has no row")
        }
        guard space.dimensions == dimensions else {
            throw PostgresError(
                .usage, "\(model) had vectors of \(space.dimensions) numbers before and has \(dimensions) now")
        }
        return space
    }

    /// The spaces of a namespace, the newest first.
    ///
    /// - Parameter model: only those of models of this name.
    public static func all(
        namespace: String, model: String? = nil, limit: Int, in database: Database
    ) async throws -> [EmbeddingSpace] {
        let condition: Statement = model.map { " AND s.model = \($0)" } ?? ""
        return try await database.query(
            """
            SELECT \(raw: columns) FROM \(raw: tables) WHERE s.namespace = \(namespace)\(condition)
            ORDER BY s.id DESC LIMIT \(limit)
            """
        ).map(EmbeddingSpace.init(row:))
    }

    /// The lexeme that all of its chunks have among their words. No word of a text has its form.
    static func mark(_ id: Int32) -> String { "@\(id)" }

    /// Says that this transaction writes vectors, until it ends, and tells whether they have to be written to the index as well.
    func joinWriters(_ session: Session) throws -> Bool {
        // Two statements: what the second one sees is what was committed when the lock was had.
        let rows = try session.pipeline([
            "SELECT pg_advisory_xact_lock_shared(\(VectorIndex.lockClass), \(id))",
            "SELECT index_state <> 'none' AS has_index FROM embedding_spaces WHERE id = \(id)",
        ])[1]
        guard let row = rows.first else { throw PostgresError(.usage, "the space was forgotten") }
        return try row.decode("has_index")
    }
}

extension EmbeddingSpace {
    init(row: Row) throws {
        id = try row.decode("id")
        namespace = try row.decode("namespace")
        model = try row.decode("model")
        revision = try row.decode("revision")
        dimensions = Int(try row.decode("dimensions", as: Int32.self))
        index = try VectorIndex(row: row)
    }
}
