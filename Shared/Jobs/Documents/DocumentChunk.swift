import Foundation
import JSON
import Postgres

/// A piece of a document's text, cut for search and embedding.
public struct DocumentChunk: DocumentPart, Equatable, Representation {
    /// A rectangle on a page, in points from its upper left corner.
    public struct Box: Sendable, Equatable {
        /// The edges.
        public let left, top, right, bottom: Double

        /// Makes a rectangle.
        public init(left: Double, top: Double, right: Double, bottom: Double) {
            self.left = left
            self.top = top
            self.right = right
            self.bottom = bottom
        }
    }

    /// Its number within the document, from 0.
    public let index: Int32
    /// The same as long as its text is: a hash of it, and a number where the same text came before.
    public let id: String
    /// The page that it begins on; nil for a format without pages.
    public let page: Int32?
    /// Where it stands on its page, as far as the format tells.
    public let box: Box?
    /// Where it begins in the document's text, in Unicode scalars.
    public let start: Int32
    /// Where it ends.
    public let end: Int32
    /// The titles above it, the outermost first.
    public let headings: [String]
    /// Its text.
    public let text: String

    /// Makes a chunk.
    public init(
        index: Int32, id: String, page: Int32?, box: Box? = nil, start: Int32, end: Int32, headings: [String],
        text: String
    ) {
        self.index = index
        self.id = id
        self.page = page
        self.box = box
        self.start = start
        self.end = end
        self.headings = headings
        self.text = text
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A piece of a document's text, cut for search and embedding.",
        [
            "index": Schema.count,
            "id": Schema.text.described(
                "The same as long as its text is: a hash of it, and a number where the same text came before."),
            "page": Schema.count.orNull.described("The page that it begins on; null for a format without pages."),
            "box": Schema.list(Schema.number, 4...4).orNull.described(
                "Where it stands on its page: left, top, right and bottom in points from the upper left corner, where the format tells."
            ),
            "start": Schema.count.described("Where it begins in the document's text, in Unicode scalars."),
            "end": Schema.count,
            "headings": Schema.list(Schema.text).described("The titles above it, the outermost first."),
            "text": Schema.text,
        ])

    /// Appends the chunk as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("index", Int(index))
        json.member("id", id)
        json.member("page", page.map(Int.init))
        json.member("box", box.map { [$0.left, $0.top, $0.right, $0.bottom] })
        json.member("start", Int(start))
        json.member("end", Int(end))
        json.member("headings", headings)
        json.member("text", text)
        json.endObject()
    }

    /// Writes chunks of a document; the same again changes nothing.
    public static func upsert(_ chunks: [DocumentChunk], of document: DocumentRecord) -> Statement {
        """
        INSERT INTO document_chunks AS c (job_id, document_id, number, content_id, page, box_left, box_top, box_right, box_bottom,
            start_offset, end_offset, headings, text)
        SELECT \(document.job), \(document.id), * FROM unnest(\(chunks.map(\.index)), \(chunks.map(\.id)), \(chunks.map(\.page)),
            \(chunks.map(\.box?.left)), \(chunks.map(\.box?.top)), \(chunks.map(\.box?.right)), \(chunks.map(\.box?.bottom)),
            \(chunks.map(\.start)), \(chunks.map(\.end)), \(chunks.map(\.headingText)), \(chunks.map(\.text.replacingNUL)))
        ON CONFLICT (job_id, document_id, number) DO UPDATE
        SET content_id = excluded.content_id, page = excluded.page, box_left = excluded.box_left, box_top = excluded.box_top,
            box_right = excluded.box_right, box_bottom = excluded.box_bottom, start_offset = excluded.start_offset,
            end_offset = excluded.end_offset, headings = excluded.headings, text = excluded.text
        WHERE (c.content_id, c.page, c.box_left, c.box_top, c.box_right, c.box_bottom, c.start_offset, c.end_offset, c.headings, c.text)
            IS DISTINCT FROM (excluded.content_id, excluded.page, excluded.box_left, excluded.box_top, excluded.box_right,
            excluded.box_bottom, excluded.start_offset, excluded.end_offset, excluded.headings, excluded.text)
        """
    }

    private var headingText: JSONText {
        var json = JSONWriter()
        json.value(headings)
        return JSONText(replacingNUL: json.bytes)
    }
}

extension JobStore {
    /// The chunks of a document after an index, in order.
    ///
    /// - Parameter page: only those that begin on this page.
    public func chunks(of document: DocumentRecord, page: Int32? = nil, after index: Int32, limit: Int) async throws
        -> DocumentParts<DocumentChunk>
    {
        // Each has its index: left to choose, the planner would look through the whole document for one page.
        let place: Statement =
            page.map { "document_id = \(document.id) AND page = \($0)" }
            ?? "job_id = \(document.job) AND document_id = \(document.id)"
        return try await parts(
            """
            SELECT number, content_id, page, box_left, box_top, box_right, box_bottom, start_offset, end_offset, headings, text
            FROM document_chunks WHERE \(place) AND number > \(index)
            ORDER BY number LIMIT \(limit + 1)
            """, limit: limit, DocumentChunk.init(row:))
    }
}

extension DocumentChunk {
    fileprivate init(row: Row) throws {
        var box: Box?
        if let left = try row.decode("box_left", as: Double?.self) {
            box = Box(
                left: left, top: try row.decode("box_top"), right: try row.decode("box_right"),
                bottom: try row.decode("box_bottom"))
        }
        self.init(
            index: try row.decode("number"), id: try row.decode("content_id"), page: try row.decode("page"), box: box,
            start: try row.decode("start_offset"), end: try row.decode("end_offset"),
            headings: try JSON.parse(row.decode("headings", as: JSONText.self).bytes).decode([String].self),
            text: try row.decode("text"))
    }
}
