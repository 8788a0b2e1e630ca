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
    /// Its text.
    public let text: String

    /// Makes a page.
    public init(number: Int32, start: Int32, end: Int32, error: String?, isRecognized: Bool, text: String) {
        self.number = number
        self.start = start
        self.end = end
        self.error = error
        self.isRecognized = isRecognized
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
            "recognized": Schema.bool.described("Whether its words were read from a picture."), "text": Schema.text,
        ])

    /// Appends the page as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("number", Int(number))
        json.member("start", Int(start))
        json.member("end", Int(end))
        json.member("status", (error == nil ? DocumentStatus.completed : .failed).rawValue)
        json.member("error", error)
        json.member("recognized", isRecognized)
        json.member("text", text)
        json.endObject()
    }

    /// Writes pages of a document; the same again changes nothing.
    public static func upsert(_ pages: [DocumentPage], of document: DocumentRecord) -> Statement {
        """
        INSERT INTO document_pages AS p (job_id, document_id, number, start_offset, end_offset, error, is_recognized, text)
        SELECT \(document.job), \(document.id), * FROM unnest(\(pages.map(\.number)), \(pages.map(\.start)), \(pages.map(\.end)),
            \(pages.map { $0.error?.replacingNUL }), \(pages.map(\.isRecognized)), \(pages.map(\.text.replacingNUL)))
        ON CONFLICT (job_id, document_id, number) DO UPDATE
        SET start_offset = excluded.start_offset, end_offset = excluded.end_offset, error = excluded.error,
            is_recognized = excluded.is_recognized, text = excluded.text
        WHERE (p.start_offset, p.end_offset, p.error, p.is_recognized, p.text) IS DISTINCT FROM
            (excluded.start_offset, excluded.end_offset, excluded.error, excluded.is_recognized, excluded.text)
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
            SELECT number, start_offset, end_offset, error, is_recognized, text FROM document_pages
            WHERE job_id = \(document.job) AND document_id = \(document.id) AND number > \(number)
            ORDER BY number LIMIT \(limit + 1)
            """, limit: limit
        ) { row in
            DocumentPage(
                number: try row.decode("number"), start: try row.decode("start_offset"),
                end: try row.decode("end_offset"), error: try row.decode("error"),
                isRecognized: try row.decode("is_recognized"), text: try row.decode("text"))
        }
    }
}
