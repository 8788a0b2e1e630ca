import Crypto
import Foundation
import JSON
import Postgres

/// How a document ended.
public enum DocumentStatus: String, Sendable, CaseIterable, PostgresScalar {
    /// Its text was extracted.
    case completed
    /// It could not be read; it has no pages and no chunks.
    case failed
}

/// One document of a job: what it says about itself, and what became of it.
public struct DocumentRecord: Sendable, Equatable, Representation {
    /// Its id, see `id(job:path:)`.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// The job that read it.
    public let job: UUID
    /// Its place in the job: among the inputs or the rows, from 0, then among what is inside that, and so on.
    public let path: [Int32]
    /// Its name.
    public let name: String
    /// How it ended.
    public let status: DocumentStatus
    /// What went wrong: a word to branch on and a sentence; exactly where it failed.
    public var error: Fault?
    /// The media type that its content shows.
    public var mediaType: String?
    /// Of the file, in lower-case hex.
    public var sha256: String?
    /// Of the file, in bytes.
    public var size: Int64?
    /// The title.
    public var title: String?
    /// Who wrote it, as it says.
    public var authors: [String] = []
    /// The subject or description.
    public var subject: String?
    /// A language tag.
    public var language: String?
    /// When it was made, as it says.
    public var created: Date?
    /// When it was last changed, as it says.
    public var modified: Date?
    /// The program that made the file.
    public var producer: String?
    /// How many pages it has; nil for a format without pages.
    public var pages: Int32?
    /// How many Unicode scalars its text has.
    public var characters: Int32?
    /// How many chunks were cut from it.
    public var chunks: Int32?
    /// When its row was first written.
    public internal(set) var createdAt: Date
    /// When something in its row last changed.
    public internal(set) var updatedAt: Date

    /// What went wrong with a document.
    public struct Fault: Sendable, Equatable {
        /// A stable word in snake_case.
        public let code: String
        /// A sentence.
        public let message: String

        /// Makes it.
        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// Makes a record; the database gives the times.
    public init(namespace: String, job: UUID, path: [Int32], name: String, error: Fault? = nil) {
        self.init(
            id: Self.id(job: job, path: path), namespace: namespace, job: job, path: path, name: name,
            status: error == nil ? .completed : .failed, createdAt: Date(), updatedAt: Date())
        self.error = error
    }

    init(
        id: UUID, namespace: String, job: UUID, path: [Int32], name: String, status: DocumentStatus, createdAt: Date,
        updatedAt: Date
    ) {
        self.id = id
        self.namespace = namespace
        self.job = job
        self.path = path
        self.name = name
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// The id of the document at this place of a job: always the same, so that work that is repeated finds its rows again.
    public static func id(job: UUID, path: [Int32]) -> UUID { UUID(name: "document/\(path.slashed)", namespace: job) }

    /// The document that it is inside; nil for an input.
    public var parent: UUID? { path.count > 1 ? Self.id(job: job, path: path.dropLast()) : nil }

    /// `Document`.
    public static let schemaName = "Document"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A document of a job. What it does not say about itself is null.",
        [
            "id": Schema.uuid, "job_id": Schema.uuid.described("The job that read it."),
            "path": [
                "type": "string", "pattern": "^[0-9]+(/[0-9]+)*$",
                "description":
                    "Its place in the job: among the inputs or the rows, from 0, then among what is inside that, and so on.",
            ],
            "parent_id": Schema.uuid.orNull.described("The document that it is inside; null for an input."),
            "name": Schema.text, "status": Schema.word(DocumentStatus.allCases.map(\.rawValue)),
            "error": Schema.answer("What went wrong.", ["code": Schema.text, "message": Schema.text]).orNull.described(
                "Where it failed."),
            "media_type": Schema.text.orNull.described("What its content shows."),
            "sha256": Schema.text.orNull.described("Of the file."), "size_bytes": Schema.count.orNull,
            "title": Schema.text.orNull, "authors": Schema.list(Schema.text), "subject": Schema.text.orNull,
            "language": Schema.text.orNull, "created": Schema.time.orNull.described("As it says."),
            "modified": Schema.time.orNull.described("As it says."),
            "producer": Schema.text.orNull.described("The program that made the file."),
            "pages": Schema.count.orNull.described("Null for a format without pages."),
            "characters": Schema.count.orNull.described("Unicode scalars of its text."), "chunks": Schema.count.orNull,
            "created_at": Schema.time.described("When its row was first written."),
            "updated_at": Schema.time.described("When something in its row last changed."),
        ])

    /// Appends the document as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("job_id", job)
        json.member("path", path.slashed)
        json.member("parent_id", parent)
        json.member("name", name)
        json.member("status", status.rawValue)
        json.key("error")
        if let error {
            json.beginObject()
            json.member("code", error.code)
            json.member("message", error.message)
            json.endObject()
        } else {
            json.value(nil as String?)
        }
        json.member("media_type", mediaType)
        json.member("sha256", sha256)
        json.member("size_bytes", size)
        json.member("title", title)
        json.member("authors", authors)
        json.member("subject", subject)
        json.member("language", language)
        json.member("created", created)
        json.member("modified", modified)
        json.member("producer", producer)
        json.member("pages", pages.map(Int.init))
        json.member("characters", characters.map(Int.init))
        json.member("chunks", chunks.map(Int.init))
        json.member("created_at", createdAt)
        json.member("updated_at", updatedAt)
        json.endObject()
    }
}

extension [Int32] {
    /// A document's path as text: `0/2`.
    public var slashed: String { map(String.init).joined(separator: "/") }
}
