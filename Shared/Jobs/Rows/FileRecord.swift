import Crypto
import Foundation
import JSON
import Postgres

/// A stored file: an input that a client uploaded, or an artifact that a job produced.
public struct FileRecord: Sendable, Representation {
    /// The file's id.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// The job that produced it; nil for an upload.
    public let job: UUID?
    /// The name that its maker gave.
    public let name: String
    /// The media type that its maker gave.
    public let mediaType: String
    /// In bytes.
    public let size: Int64
    /// In lower-case hex.
    public let sha256: String
    /// When it was made.
    public let createdAt: Date

    /// Makes a record; the database gives the time.
    public init(
        id: UUID, namespace: String, job: UUID?, name: String, mediaType: String, size: Int64, sha256: String,
        createdAt: Date = Date()
    ) {
        self.id = id
        self.namespace = namespace
        self.job = job
        self.name = name
        self.mediaType = mediaType
        self.size = size
        self.sha256 = sha256
        self.createdAt = createdAt
    }

    /// Where the content of a file is, within the API.
    public var uri: String { Self.uri(of: id) }

    /// Where the content of a file is, within the API.
    static func uri(of id: UUID) -> String { "/api/v1/artifacts/" + id.text }

    /// `File`.
    public static let schemaName = "File"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A stored file: an upload, or an artifact that a job produced.",
        [
            "id": Schema.uuid, "uri": Schema.text.described("Where its content is, within the API."),
            "name": Schema.text, "media_type": Schema.text, "size_bytes": Schema.count,
            "sha256": ["type": "string", "pattern": "^[0-9a-f]{64}$"],
            "job_id": Schema.uuid.orNull.described("The job that produced it; null for an upload."),
            "created_at": Schema.time,
        ])

    /// Appends the file as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("uri", Self.uri(of: id))
        json.member("name", name)
        json.member("media_type", mediaType)
        json.member("size_bytes", Int(size))
        json.member("sha256", sha256)
        json.member("job_id", job)
        json.member("created_at", createdAt)
        json.endObject()
    }
}

extension JobStore {
    /// Records files whose content is stored. Recording one again changes nothing.
    public func add(_ files: [FileRecord]) async throws { _ = try await database.query(Self.adding(files)) }

    /// Records files whose content is stored, within a transaction of the caller's. Recording one again changes nothing.
    public static func adding(_ files: [FileRecord]) -> Statement {
        """
        WITH named AS (
            DELETE FROM pending_files WHERE id = ANY(\(files.map(\.id)))
        )
        INSERT INTO files (id, namespace, job_id, name, media_type, size, sha256)
        SELECT * FROM unnest(\(files.map(\.id)), \(files.map(\.namespace)), \(files.map(\.job)), \(files.map(\.name)),
            \(files.map(\.mediaType)), \(files.map(\.size)), \(files.map(\.sha256)))
        ON CONFLICT (id) DO NOTHING
        """
    }

    /// Those of these files that the job has made.
    public func files(_ ids: [UUID], madeBy job: UUID) async throws -> [UUID] {
        try await database.query("SELECT id FROM files WHERE id = ANY(\(ids)) AND job_id = \(job)").map {
            try $0.decode("id")
        }
    }

    /// Removes the records of files that a job has made; their content is gone by then.
    public func deleteFiles(_ ids: [UUID], madeBy job: UUID) async throws {
        _ = try await database.query("DELETE FROM files WHERE id = ANY(\(ids)) AND job_id = \(job)")
    }

    /// The file with this id in a namespace, for a job that reads it: an upload that was used is kept longer than one that never was.
    ///
    /// The use is written at most once an hour.
    public func useFile(_ id: UUID, namespace: String) async throws -> FileRecord? {
        try await database.pipeline([
            """
            UPDATE files SET used_at = now()
            WHERE id = \(id) AND namespace = \(namespace) AND job_id IS NULL
                AND (used_at IS NULL OR used_at < now() - interval '1 hour')
            """,
            Self.file(id, namespace: namespace),
        ])[1].first.map(FileRecord.init(row:))
    }

    /// The file with this id in a namespace.
    public func file(_ id: UUID, namespace: String) async throws -> FileRecord? {
        try await database.query(Self.file(id, namespace: namespace)).first.map(FileRecord.init(row:))
    }

    /// The file with this id in whatever namespace: for those who are let in by something else than a key.
    public func file(_ id: UUID) async throws -> FileRecord? {
        try await database.query(
            """
            SELECT id, namespace, job_id, name, media_type, size, sha256, created_at FROM files WHERE id = \(id)
            """
        ).first.map(FileRecord.init(row:))
    }

    private static func file(_ id: UUID, namespace: String) -> Statement {
        """
        SELECT id, namespace, job_id, name, media_type, size, sha256, created_at FROM files
        WHERE id = \(id) AND namespace = \(namespace)
        """
    }

    /// The files of a job: those that it made, and those that its result names under `artifacts`, which a job that goes on where
    /// another one failed has from there. In the order of their ids, after `id`.
    public func files(of job: UUID, namespace: String, after id: UUID?, limit: Int) async throws -> [FileRecord] {
        let first = id ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        return try await database.query(
            """
            WITH made AS MATERIALIZED (
                -- Apart from the rest, so that only what has the form of an id is read as one.
                SELECT id FROM files WHERE job_id = \(job)
                UNION
                SELECT (a->>'id')::uuid FROM jobs j, LATERAL jsonb_path_query(j.result, 'lax $.artifacts[*]') a
                WHERE j.id = \(job) AND jsonb_typeof(a) = 'object'
                    AND a->>'id' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            )
            SELECT f.id, f.namespace, f.job_id, f.name, f.media_type, f.size, f.sha256, f.created_at
            FROM made m JOIN files f ON f.id = m.id AND f.namespace = \(namespace)
            WHERE m.id > \(first) ORDER BY m.id LIMIT \(limit)
            """
        ).map(FileRecord.init(row:))
    }
}

extension FileRecord {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), job: try row.decode("job_id"),
            name: try row.decode("name"), mediaType: try row.decode("media_type"), size: try row.decode("size"),
            sha256: try row.decode("sha256"), createdAt: try row.decode("created_at"))
    }
}
