import Foundation
import JSON
import Postgres

/// A page of a document.
public struct DocumentPage: DocumentPart, Equatable, Representation {
    /// Counted from 1.
    public let number: Int32
    /// Where it begins in the document's text, in Unicode scalars.
    public let start: Int32
    /// Where it ends.
    public let end: Int32
    /// What went wrong on this page; its text may be missing or partial.
    public let error: String?
    /// Whether its words were read from a picture.
    public let isRecognized: Bool
    /// The file with its picture, and the one with a small one; nil where none was asked for, or none could be made.
    public let image, thumbnail: UUID?
    /// Its text.
    public let text: String

    /// Makes a page.
    public init(
        number: Int32, start: Int32, end: Int32, error: String?, isRecognized: Bool, image: UUID? = nil,
        thumbnail: UUID? = nil, text: String
    ) {
        self.number = number
        self.start = start
        self.end = end
        self.error = error
        self.isRecognized = isRecognized
        self.image = image
        self.thumbnail = thumbnail
        self.text = text
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A page of a document.",
        [
            "number": Schema.integer(1...Int(Int32.max)),
            "start": Schema.count.described("Where it begins in the document's text, in Unicode scalars."),
            "end": Schema.count, "status": Schema.word(DocumentStatus.allCases.map(\.rawValue)),
            "error": Schema.text.orNull.described("What went wrong on it; its text may be missing or partial."),
            "recognized": Schema.bool.described("Whether its words were read from a picture."),
            "image": fileSchema.described("Its picture, where the job was asked for it and could make it."),
            "thumbnail": fileSchema.described("A small one."), "text": Schema.text,
        ])

    private static let fileSchema = Schema.answer(
        "", ["file_id": Schema.uuid, "uri": Schema.text.described("Where its content is, within the API.")]
    ).orNull

    /// Appends the page as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("number", Int(number))
        json.member("start", Int(start))
        json.member("end", Int(end))
        json.member("status", (error == nil ? DocumentStatus.completed : .failed).rawValue)
        json.member("error", error)
        json.member("recognized", isRecognized)
        json.key("image")
        Self.write(image, to: &json)
        json.key("thumbnail")
        Self.write(thumbnail, to: &json)
        json.member("text", text)
        json.endObject()
    }

    private static func write(_ file: UUID?, to json: inout JSONWriter) {
        guard let file else { return json.value(nil as String?) }
        json.beginObject()
        json.member("file_id", file)
        json.member("uri", FileRecord.uri(of: file))
        json.endObject()
    }

    /// Writes pages of a document; the same again changes nothing.
    public static func upsert(_ pages: [DocumentPage], of document: DocumentRecord) -> Statement {
        """
        INSERT INTO document_pages AS p (job_id, document_id, number, start_offset, end_offset, error, is_recognized, image_id,
            thumbnail_id, text)
        SELECT \(document.job), \(document.id), * FROM unnest(\(pages.map(\.number)), \(pages.map(\.start)), \(pages.map(\.end)),
            \(pages.map { $0.error?.replacingNUL }), \(pages.map(\.isRecognized)), \(pages.map(\.image)), \(pages.map(\.thumbnail)),
            \(pages.map(\.text.replacingNUL)))
        ON CONFLICT (job_id, document_id, number) DO UPDATE
        SET start_offset = excluded.start_offset, end_offset = excluded.end_offset, error = excluded.error,
            is_recognized = excluded.is_recognized, image_id = excluded.image_id, thumbnail_id = excluded.thumbnail_id,
            text = excluded.text
        WHERE (p.start_offset, p.end_offset, p.error, p.is_recognized, p.image_id, p.thumbnail_id, p.text) IS DISTINCT FROM
            (excluded.start_offset, excluded.end_offset, excluded.error, excluded.is_recognized, excluded.image_id,
            excluded.thumbnail_id, excluded.text)
        """
    }
}

extension JobStore {
    /// The pages of a document after a number, in order.
    public func pages(of document: DocumentRecord, after number: Int32, limit: Int) async throws
        -> DocumentParts<DocumentPage>
    {
        try await parts(
            """
            SELECT number, start_offset, end_offset, error, is_recognized, image_id, thumbnail_id, text FROM document_pages
            WHERE job_id = \(document.job) AND document_id = \(document.id) AND number > \(number)
            ORDER BY number LIMIT \(limit + 1)
            """, limit: limit
        ) { row in
            DocumentPage(
                number: try row.decode("number"), start: try row.decode("start_offset"),
                end: try row.decode("end_offset"), error: try row.decode("error"),
                isRecognized: try row.decode("is_recognized"), image: try row.decode("image_id"),
                thumbnail: try row.decode("thumbnail_id"), text: try row.decode("text"))
        }
    }
}
