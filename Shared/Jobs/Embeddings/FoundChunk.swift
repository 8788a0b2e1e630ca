import Foundation
import JSON
import Postgres

/// A chunk as searches show it, with the source that it is from.
public struct FoundChunk: Sendable, Equatable {
    /// Its number, the same as long as it is there.
    public let id: Int64
    /// Its number within the source, from 0.
    public let ordinal: Int32
    /// The page that it begins on; nil for a source without pages.
    public let page: Int32?
    /// Where it begins in the source's text, in Unicode scalars.
    public let start: Int32
    /// Where it ends.
    public let end: Int32
    /// The titles above it, the outermost first.
    public let headings: JSONText
    /// Its text.
    public let text: String
    /// What its source is.
    public let kind: SourceKind
    /// By what its source is known.
    public let key: String
    /// The title of its source.
    public let title: String?
    /// Where its source can be seen.
    public let url: String?
    /// The job that embedded its source, or came across it last.
    public let job: UUID
    /// The labels of its source.
    public let labels: JSONText

    /// What `writeMembers` writes.
    public static let members: JSONObject = [
        "id": Schema.text.described("The chunk's, the same as long as it is there."),
        "text": Schema.text,
        "source": Schema.answer(
            "What the chunk was cut from.",
            [
                "kind": Schema.word(SourceKind.allCases.map(\.rawValue)),
                "id": Schema.text.described("By what it is known among its kind: a URL, a document's id, a row's key."),
                "title": Schema.text.orNull, "url": Schema.text.orNull,
                "job_id": Schema.uuid.described("The job that embedded it, or came across it last."),
                "labels": Schema.map(Schema.text),
            ]),
        "ordinal": Schema.count.described("Its number within the source, from 0."),
        "page": Schema.count.orNull.described("The page that it begins on; null for a source without pages."),
        "start": Schema.count.described("Where it begins in the source's text, in Unicode scalars."),
        "end": Schema.count,
        "headings": Schema.list(Schema.text).described("The titles above it, the outermost first."),
    ]

    /// Appends the members of the chunk as clients see it.
    public func writeMembers(to json: inout JSONWriter) {
        json.member("id", String(id))
        json.member("text", text)
        json.key("source")
        json.beginObject()
        json.member("kind", kind.rawValue)
        json.member("id", key)
        json.member("title", title)
        json.member("url", url)
        json.member("job_id", job)
        json.member("labels", raw: labels.bytes)
        json.endObject()
        json.member("ordinal", Int(ordinal))
        json.member("page", page.map(Int.init))
        json.member("start", Int(start))
        json.member("end", Int(end))
        json.member("headings", raw: headings.bytes)
    }
}

extension ChunkSearch {
    /// The chunks with these numbers, by their numbers.
    public func chunks(_ ids: [Int64], _ session: Session) throws -> [Int64: FoundChunk] {
        let rows = try session.query(
            """
            SELECT c.id, c.ordinal, c.page, c.start_offset, c.end_offset, c.headings, c.text, s.kind, s.key, s.title, s.url, s.job_id, s.labels
            FROM embedding_chunks c JOIN embedding_sources s ON s.id = c.source
            WHERE c.id = ANY(\(ids)) AND s.space = \(space.id)
            """)
        return Dictionary(try rows.map(FoundChunk.init(row:)).map { ($0.id, $0) }) { first, _ in first }
    }
}

extension FoundChunk {
    fileprivate init(row: Row) throws {
        id = try row.decode("id")
        ordinal = try row.decode("ordinal")
        page = try row.decode("page")
        start = try row.decode("start_offset")
        end = try row.decode("end_offset")
        headings = try row.decode("headings")
        text = try row.decode("text")
        kind = try row.decode("kind")
        key = try row.decode("key")
        title = try row.decode("title")
        url = try row.decode("url")
        job = try row.decode("job_id")
        labels = try row.decode("labels")
    }
}
