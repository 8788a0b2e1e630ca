import Foundation
import JSON
import Jobs
import Markup
import Postgres
import WorkerKit

/// The rows of one document: its pages, its chunks, and last its own, which is what shows it to readers.
///
/// Order of effects, and what a death in between leaves:
/// 1. Pages and chunks are committed in small transactions, each within the job's fence. A document without its own row is seen by
///    nobody; the next attempt writes the same rows again, under the same keys. With no further attempt they go with their job.
/// 2. The document's row is committed together with the last of them. It is whole, though no checkpoint tells of it yet: the next
///    attempt reads the document again and finds every row as it would write it. (Another build of the worker may read it otherwise; it
///    replaces the rows a transaction at a time, and removes what it has no use for with the last.)
/// 3. The checkpoint's entry tells of the document; no attempt does it again.
///
/// A worker that has lost the job finds that in its next transaction and writes nothing more. A small document is one transaction.
struct DocumentRows: Sendable {
    let record: DocumentRecord
    private let extracted: Extracted?
    private let chunks: [Chunk]
    private let images: DocumentImages

    /// A document whose text was extracted.
    init(
        _ extracted: Extracted, chunks: [Chunk], images: DocumentImages, name: String, sha256: String, size: Int64,
        path: [Int32], of job: JobContext
    ) {
        var record = DocumentRecord(namespace: job.namespace, job: job.job, path: path, name: name)
        let metadata = extracted.metadata
        record.mediaType = metadata.mediaType
        record.sha256 = sha256
        record.size = size
        record.title = metadata.title
        record.authors = metadata.author.map { [$0] } ?? []
        record.subject = metadata.subject
        record.language = metadata.language
        record.producer = metadata.producer
        record.created = metadata.created.flatMap { Date(rfc3339: $0) }
        record.modified = metadata.modified.flatMap { Date(rfc3339: $0) }
        record.pages = extracted.pages.isEmpty ? nil : Int32(clamping: extracted.pages.count)
        record.characters = Int32(clamping: extracted.text.unicodeScalars.count)
        record.chunks = Int32(clamping: chunks.count)
        self.record = record
        self.extracted = extracted
        self.chunks = chunks
        self.images = images
    }

    /// A document that could not be read.
    init(
        failed error: DocumentRecord.Fault, mediaType: String?, name: String, sha256: String?, size: Int64?,
        path: [Int32],
        of job: JobContext
    ) {
        var record = DocumentRecord(namespace: job.namespace, job: job.job, path: path, name: name, error: error)
        record.mediaType = mediaType
        record.sha256 = sha256
        record.size = size
        self.record = record
        extracted = nil
        chunks = []
        images = DocumentImages()
    }

    /// Writes everything; returns when it is committed.
    func write(in job: JobContext) async throws {
        var transaction = Transaction(job: job)
        if let extracted {
            let files = images.files
            let pages = zip(extracted.pages, extracted.pageTexts).lazy.map { page, text in
                DocumentPage(page, files[page.number], text)
            }
            try await transaction.add(DocumentBatches(pages), of: record)
            try await transaction.add(DocumentBatches(chunks.lazy.map(DocumentChunk.init)), of: record)
        }
        try await job.write(
            transaction.statements
                + record.finish(
                    lastPage: Int32(clamping: extracted?.pages.last?.number ?? 0), chunks: Int32(clamping: chunks.count)
                ))
    }

    /// Gathers statements until they are large enough for a transaction.
    private struct Transaction {
        let job: JobContext
        private(set) var statements: [Statement] = []
        private var bytes = 0

        init(job: JobContext) { self.job = job }

        mutating func add<Part>(_ batches: DocumentBatches<some Sequence<Part>>, of record: DocumentRecord) async throws
        {
            for batch in batches {
                statements.append(Part.upsert(batch.parts, of: record))
                bytes += batch.bytes
                guard bytes >= DocumentBatches<[Part]>.maxBytes else { continue }
                try await job.write(statements)
                (statements, bytes) = ([], 0)
            }
        }
    }
}

extension DocumentPage {
    fileprivate init(_ page: Page, _ files: (image: UUID?, thumbnail: UUID?)?, _ text: Substring) {
        self.init(
            number: Int32(clamping: page.number), start: Int32(clamping: page.start), end: Int32(clamping: page.end),
            error: page.error, isRecognized: page.isRecognized, image: files?.image, thumbnail: files?.thumbnail,
            text: String(text))
    }
}

extension DocumentChunk {
    init(_ chunk: Chunk) {
        self.init(
            index: Int32(clamping: chunk.index), id: chunk.id, page: chunk.page.map { Int32(clamping: $0) },
            box: chunk.box.map { .init(left: $0.left, top: $0.top, right: $0.right, bottom: $0.bottom) },
            start: Int32(clamping: chunk.start), end: Int32(clamping: chunk.end), headings: chunk.headings,
            text: chunk.text)
    }
}
