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

    /// `File`.
    public static let schemaName = "File"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A stored file: an upload, or an artifact that a job produced.",
        [
            "id": Schema.uuid, "name": Schema.text, "media_type": Schema.text, "size_bytes": Schema.count,
            "sha256": ["type": "string", "pattern": "^[0-9a-f]{64}$"],
            "job_id": Schema.uuid.orNull.described("The job that produced it; null for an upload."),
            "created_at": Schema.time,
        ])

    /// Appends the file as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
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
    /// Records files whose content is on disk. Recording one again changes nothing.
    public func add(_ files: [FileRecord]) async throws {
        _ = try await database.query(
            """
            INSERT INTO files (id, namespace, job_id, name, media_type, size, sha256)
            SELECT * FROM unnest(\(files.map(\.id)), \(files.map(\.namespace)), \(files.map(\.job)), \(files.map(\.name)),
                \(files.map(\.mediaType)), \(files.map(\.size)), \(files.map(\.sha256)))
            ON CONFLICT (id) DO NOTHING
            """)
    }

    /// The file with this id in a namespace.
    public func file(_ id: UUID, namespace: String) async throws -> FileRecord? {
        try await database.query(
            """
            SELECT id, namespace, job_id, name, media_type, size, sha256, created_at FROM files
            WHERE id = \(id) AND namespace = \(namespace)
            """
        ).first.map { row in
            FileRecord(
                id: try row.decode("id"), namespace: try row.decode("namespace"), job: try row.decode("job_id"),
                name: try row.decode("name"), mediaType: try row.decode("media_type"), size: try row.decode("size"),
                sha256: try row.decode("sha256"), createdAt: try row.decode("created_at"))
        }
    }
}
