import Postgres

/// The index of a space's vectors by PostgreSQL's `vector` extension: a table of halves (or, before pgvector 0.7, of whole numbers) with an HNSW index.
///
/// It only proposes neighbours; they are compared by the vectors themselves. A space below `threshold` vectors needs none: looking at each is
/// right and fast. So a namespace costs no table until it is large, and no namespace's vectors stand in another's way in the graph.
///
/// States, kept in the space's row and changed under its lock, so that every writer knows the one it commits under:
/// `none`, then `filling` (writers write to it, and older vectors are copied into it), then `ready` (searches use it).
public struct VectorIndex: Sendable, Equatable {
    /// From how many vectors on a space has an index.
    public static let threshold = 10_000
    /// The first part of the locks that writers share.
    static let lockClass: Int32 = 0x5665_6374

    /// The extension as it is installed.
    public let installation: VectorExtension
    /// The number of its space.
    let space: Int32

    /// Its table.
    var table: Statement { Self.table(space) }

    /// Whether a filtered search goes on by itself until it has enough (pgvector 0.8).
    public var iterates: Bool { installation.version >= Version(0, 8) }

    /// The index of the space in this row, when it is ready and the extension is there.
    init?(row: Row) throws {
        guard try row.decode("index_state", as: String.self) == "ready",
            let installation = try VectorExtension(row: row)
        else { return nil }
        self.installation = installation
        space = try row.decode("id")
    }

    static func table(_ space: Int32) -> Statement { Statement(stringLiteral: "embedding_index_\(space)") }

    /// Adds vectors; those that are there stay as they are, and those that were forgotten since are left out.
    ///
    /// The others are kept from being forgotten until the transaction ends, in the order in which all lock them.
    static func insertion(of vectors: [(id: Int64, vector: StoredVector)], into space: Int32, dimensions: Int)
        -> Statement
    {
        // One array for all, cut in the server: it is read as numbers, where text would have to be parsed.
        """
        INSERT INTO \(table(space)) (id, embedding)
        SELECT u.id, (\(vectors.flatMap(\.vector.numbers)))[(u.n - 1) * \(Int32(dimensions)) + 1 : u.n * \(Int32(dimensions))]
        FROM unnest(\(vectors.map(\.id))) WITH ORDINALITY AS u (id, n) JOIN embedding_vectors v ON v.id = u.id
        ORDER BY v.hash FOR KEY SHARE OF v
        ON CONFLICT DO NOTHING
        """
    }
}

/// A version of the extension.
public struct Version: Sendable, Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init(_ text: String) {
        let parts = text.split(separator: ".").map { Int($0) ?? 0 }
        self.init(parts.first ?? 0, parts.dropFirst().first ?? 0)
    }

    /// Whether the first is the older one.
    public static func < (one: Version, other: Version) -> Bool { (one.major, one.minor) < (other.major, other.minor) }

    /// `0.8`.
    public var description: String { "\(major).\(minor)" }
}

/// PostgreSQL's `vector` extension as this database has it.
public struct VectorExtension: Sendable, Equatable {
    /// Its version.
    public let version: Version
    /// The schema of its types and operators, as SQL writes it: it may be outside of the search path.
    let schema: String

    init?(row: Row) throws {
        guard let version = try row.decode("extversion", as: String?.self),
            let schema = try row.decode("nspname", as: String?.self)
        else { return nil }
        self.version = Version(version)
        self.schema = "\"\(schema.replacing("\"", with: "\"\""))\""
    }

    private var hasHalves: Bool { version >= Version(0, 7) }

    /// The longest vector that its index takes.
    public var maxDimensions: Int { hasHalves ? 4000 : 2000 }

    /// The name of something of the extension's, with its schema.
    private func name(_ name: String) -> Statement { Statement(stringLiteral: "\(schema).\(name)") }

    /// The type of a vector.
    func type(_ dimensions: Int) -> Statement { name("\(hasHalves ? "halfvec" : "vector")(\(dimensions))") }

    /// How vectors are compared in the index: by inner product, which for unit vectors is the cosine.
    var operators: Statement { name(hasHalves ? "halfvec_ip_ops" : "vector_ip_ops") }

    /// The inner product with its sign turned, so that the nearest come first.
    var distance: Statement { Statement(stringLiteral: "OPERATOR(\(schema).<#>)") }

    /// What a database may have.
    public enum Presence: Sendable, Equatable {
        /// It is there.
        case installed(VectorExtension)
        /// It is not, and what to do.
        case missing(String)
        /// It could be, but the account may not install it, or was not to try.
        case available
    }

    /// Looks for the extension, and installs it where it is available and the account may.
    ///
    /// - Parameter installs: false only looks: each attempt that is denied is an error in the server's log.
    public static func find(in database: Database, installs: Bool = true) async throws -> Presence {
        if let found = try await installed(in: database) { return .installed(found) }
        let available = try await database.query(
            "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
        guard !available.isEmpty else {
            return .missing(
                "install pgvector on the database's machine (Debian: postgresql-NN-pgvector, NN the server's major version)"
            )
        }
        guard installs else { return .available }
        do {
            try await database.query("CREATE EXTENSION IF NOT EXISTS vector")
        } catch let error as PostgresError where error.sqlState == "42501" {
            return .available
        } catch let error as PostgresError where ["23505", "42710"].contains(error.sqlState) {
            // Somebody else made it at the same moment.
        }
        guard let found = try await installed(in: database) else {
            return .missing("CREATE EXTENSION vector left nothing behind; see the server's log")
        }
        return .installed(found)
    }

    private static func installed(in database: Database) async throws -> VectorExtension? {
        try await database.query(
            "SELECT e.extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
        ).first.flatMap(VectorExtension.init(row:))
    }
}
