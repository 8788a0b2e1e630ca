import Crypto
import Foundation
import JSON
import Jobs
import Markup

/// A document that a row is.
struct RowDocument: Decodable, Sendable {
    static let needed = "text"

    let text: String
    let name: String?
    let title: String?
    let url: String?
    let author: String?
    let subject: String?
    let language: String?
    let created: Date?
    let modified: Date?

    /// What a row must be.
    static let schema: JSON = [
        "type": "object", "additionalProperties": false, "required": [.string(needed)], "properties": properties,
    ]

    static var members: [String] { properties.objectValue?.keys ?? [] }

    private static let properties: JSON = [
        "text": ["type": "string", "minLength": 1, "maxLength": 1_000_000], "name": Schema.text(max: 255),
        "title": Schema.text(max: 1000), "url": Schema.text(max: 4096), "author": Schema.text(max: 1000),
        "subject": Schema.text(max: 4096), "language": Schema.text(max: 100), "created": Schema.time,
        "modified": Schema.time,
    ]

    /// The document's rows: its chunks first, and last its own, which is what shows it to readers.
    ///
    /// - Parameters:
    ///   - number: of the row, from 1, which is its place in the job.
    func record(
        _ number: Int, of job: UUID, namespace: String, chunks: Int
    ) -> DocumentRecord {
        // Nothing else says where it is from: documents have no URL.
        let shown = name ?? url ?? title ?? "row \(number)"
        var record = DocumentRecord(
            namespace: namespace, job: job, path: [Int32(clamping: number - 1)], name: String(shown.prefix(255)))
        record.mediaType = "text/plain"
        record.sha256 = Hex.encode(sha256(text))
        record.size = Int64(text.utf8.count)
        record.title = title
        record.authors = author.map { [$0] } ?? []
        record.subject = subject
        record.language = language
        record.created = created
        record.modified = modified
        record.characters = Int32(clamping: text.unicodeScalars.count)
        record.chunks = Int32(clamping: chunks)
        return record
    }

    /// Its text in chunks, named as those of documents that were read.
    func chunks(by cutter: TextCutter) -> [DocumentChunk] {
        var names = ChunkNames()
        return cutter.pieces(of: text).enumerated().map { index, piece in
            DocumentChunk(
                index: Int32(clamping: index), id: names.name(for: piece.text), page: nil,
                start: Int32(clamping: piece.start), end: Int32(clamping: piece.end), headings: [], text: piece.text)
        }
    }
}
