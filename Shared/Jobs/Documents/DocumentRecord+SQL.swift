import Foundation
import Postgres

extension DocumentRecord {
    /// Writes the document's own row, which is what shows it to readers; the same again changes nothing.
    ///
    /// Goes with the last of its pages and chunks, and removes what an attempt by another build of the worker has left beyond them.
    ///
    /// - Parameters:
    ///   - page: the highest number of its pages; 0 for none.
    ///   - chunks: how many chunks it has.
    public func finish(lastPage page: Int32, chunks: Int32) -> [Statement] {
        [
            "DELETE FROM document_pages WHERE job_id = \(job) AND document_id = \(id) AND number > \(page)",
            "DELETE FROM document_chunks WHERE job_id = \(job) AND document_id = \(id) AND number >= \(chunks)",
            """
            INSERT INTO documents AS d (id, namespace, job_id, path, parent_id, \(raw: Self.said))
            VALUES (\(id), \(namespace), \(job), \(path), \(parent as UUID?), \(name.replacingNUL), \(status), \(mediaType?.replacingNUL as String?),
                \(sha256 as String?), \(size as Int64?), \(title?.replacingNUL as String?), \(authors.map(\.replacingNUL)),
                \(subject?.replacingNUL as String?), \(language?.replacingNUL as String?), \(created as Date?), \(modified as Date?),
                \(producer?.replacingNUL as String?), \(pages as Int32?), \(characters as Int32?), \(self.chunks as Int32?),
                \(error?.code as String?), \(error?.message.replacingNUL as String?))
            ON CONFLICT (id) DO UPDATE SET (\(raw: Self.said), updated_at) = ROW(\(raw: Self.saidNow), now())
            WHERE ROW(\(raw: Self.saidBefore)) IS DISTINCT FROM ROW(\(raw: Self.saidNow))
            """,
        ]
    }

    private static let said: StaticString = """
        name, status, media_type, sha256, size, title, authors, subject, language, created, modified, producer, pages, characters,
        chunks, error_code, error_message
        """
    private static let saidBefore: StaticString = """
        d.name, d.status, d.media_type, d.sha256, d.size, d.title, d.authors, d.subject, d.language, d.created, d.modified,
        d.producer, d.pages, d.characters, d.chunks, d.error_code, d.error_message
        """
    private static let saidNow: StaticString = """
        excluded.name, excluded.status, excluded.media_type, excluded.sha256, excluded.size, excluded.title, excluded.authors,
        excluded.subject, excluded.language, excluded.created, excluded.modified, excluded.producer, excluded.pages,
        excluded.characters, excluded.chunks, excluded.error_code, excluded.error_message
        """

    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), job: try row.decode("job_id"),
            path: try row.decode("path"), name: try row.decode("name"), status: try row.decode("status"),
            createdAt: try row.decode("created_at"), updatedAt: try row.decode("updated_at"))
        if let code = try row.decode("error_code", as: String?.self) {
            error = Fault(code: code, message: try row.decode("error_message"))
        }
        mediaType = try row.decode("media_type")
        sha256 = try row.decode("sha256")
        size = try row.decode("size")
        title = try row.decode("title")
        authors = try row.decode("authors")
        subject = try row.decode("subject")
        language = try row.decode("language")
        created = try row.decode("created")
        modified = try row.decode("modified")
        producer = try row.decode("producer")
        pages = try row.decode("pages")
        characters = try row.decode("characters")
        chunks = try row.decode("chunks")
    }
}

/// Which documents a list shows.
public struct DocumentFilter: Sendable {
    /// Where a page ended.
    public typealias Position = (job: UUID, path: [Int32])

    /// Only those of this job; nil for all, those of the newest job first.
    public var job: UUID?
    /// Only those that ended so.
    public var status: DocumentStatus?
    /// Goes on after this one.
    public var after: Position?
    /// The most that are answered.
    public var limit: Int

    /// All documents, from the first.
    public init(limit: Int) { self.limit = limit }
}

extension JobStore {
    /// The document with this id in a namespace.
    public func document(_ id: UUID, namespace: String) async throws -> DocumentRecord? {
        try await database.query("SELECT * FROM documents WHERE id = \(id) AND namespace = \(namespace)").first.map(
            DocumentRecord.init(row:))
    }

    /// How many documents of a job were read, those that it went on from included; nil where the namespace has no job of this id that has ended
    /// and has documents, readable or not.
    public func countDocuments(of job: UUID, namespace: String) async throws -> Int? {
        try await database.query(
            """
            SELECT count(*) FILTER (WHERE d.status = 'completed') AS n FROM jobs j LEFT JOIN LATERAL (
                SELECT d.status FROM documents d WHERE d.job_id = j.id AND d.namespace = j.namespace
                UNION ALL
                SELECT d.status FROM (\(Self.inheritedDocuments)) n JOIN documents d ON d.id = n.id
                WHERE j.resumes IS NOT NULL AND d.job_id <> j.id AND d.namespace = j.namespace
            ) d ON true
            WHERE j.id = \(job) AND j.namespace = \(namespace) AND j.finished_at IS NOT NULL
            GROUP BY j.id HAVING count(d.status) > 0
            """
        ).first.map { try $0.decode("n") }
    }

    /// The ids of documents that the result of a job `j` names.
    private static let inheritedDocuments: Statement = """
        SELECT CASE WHEN r->>'id' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            -- In a CASE, so that only what has the form of an id is read as one.
            THEN (r->>'id')::uuid END AS id
        FROM jsonb_path_query(j.result, 'lax $.documents[*]') r
        """

    /// A page of a namespace's documents: the newest job's first, each job's in the order of their paths.
    ///
    /// A job that has gone on from another one's checkpoint shows those too that its result names under `documents`: the other job
    /// read them, and stays as long.
    public func documents(_ filter: DocumentFilter, namespace: String) async throws -> [DocumentRecord] {
        let condition: Statement = filter.status.map { " AND d.status = \($0)" } ?? ""
        let path = filter.after?.path ?? []
        let rows: Rows
        if let job = filter.job {
            rows = try await database.query(
                """
                SELECT * FROM (
                    (SELECT d.* FROM documents d
                    WHERE d.job_id = \(job) AND d.namespace = \(namespace) AND d.path > \(path)\(condition)
                    ORDER BY d.path LIMIT \(filter.limit))
                    UNION ALL
                    (SELECT d.* FROM jobs j, LATERAL (\(Self.inheritedDocuments)) n JOIN documents d ON d.id = n.id
                    WHERE j.id = \(job) AND j.namespace = \(namespace) AND j.resumes IS NOT NULL
                        AND d.job_id <> \(job) AND d.namespace = \(namespace) AND d.path > \(path)\(condition)
                    ORDER BY d.path LIMIT \(filter.limit))
                ) d ORDER BY path LIMIT \(filter.limit)
                """)
        } else {
            let job = filter.after?.job ?? Self.highestID
            rows = try await database.query(
                """
                SELECT * FROM (
                    (SELECT d.* FROM documents d
                    WHERE d.namespace = \(namespace) AND d.job_id = \(job) AND d.path > \(path)\(condition)
                    ORDER BY d.path LIMIT \(filter.limit))
                    UNION ALL
                    (SELECT d.* FROM documents d WHERE d.namespace = \(namespace) AND d.job_id < \(job)\(condition)
                    ORDER BY d.job_id DESC, d.path LIMIT \(filter.limit))
                ) d ORDER BY job_id DESC, path LIMIT \(filter.limit)
                """)
        }
        return try rows.map(DocumentRecord.init(row:))
    }

    private static var highestID: UUID {
        UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
    }

    /// Forgets a part of the documents of jobs that are to be forgotten, at most `limit` rows of each kind.
    ///
    /// All documents go before the first of their pages and chunks, so that nobody reads half of one.
    ///
    /// - Returns: whether there may be more.
    public func deleteDocuments(of jobs: [UUID], limit: Int) async throws -> Bool {
        func delete(_ tables: [StaticString]) async throws -> Bool {
            let deleted = try await database.pipeline(
                tables.map {
                    """
                    DELETE FROM \(raw: $0) WHERE ctid = ANY(ARRAY(
                        SELECT ctid FROM \(raw: $0) WHERE job_id = ANY(\(jobs)) LIMIT \(limit)))
                    """
                })
            return deleted.contains { $0.affected == limit }
        }
        if try await delete(["documents"]) { return true }
        return try await delete(["document_pages", "document_chunks"])
    }
}
