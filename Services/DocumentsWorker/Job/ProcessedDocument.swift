import Foundation
import Jobs
import Markup

/// What comes out of a job.
struct ProcessedDocuments: Encodable, Sendable {
    /// Documents whose text was extracted.
    var documentsProcessed = 0
    /// Documents that ended with an error, and those that hold more than could be read; the job goes on with the others.
    var errors = 0
    var pages = 0
    /// Bytes read of the inputs.
    var bytes: Int64 = 0
    var artifacts: [ProcessedArtifact] = []
    var documents: [ProcessedDocument] = []

    enum CodingKeys: String, CodingKey {
        case documentsProcessed = "documents_processed"
        case errors, pages, bytes, artifacts, documents
    }

    /// - Parameter inputs: one entry for each input of the job, in any order; the result has them in the order of the inputs.
    init(_ inputs: [FinishedInput]) {
        for input in inputs.sorted(by: { $0.index < $1.index }) {
            documentsProcessed += input.documents.count { $0.status == .completed }
            errors += input.documents.count { $0.error != nil }
            pages += input.documents.reduce(0) { $0 + ($1.pages ?? 0) }
            bytes += input.bytes
            artifacts += input.artifacts
            documents += input.documents
        }
    }
}

/// One input that is done with, and what it added: the entry of its checkpoint.
///
/// It is bounded by the limits on documents inside a document and on pages with pictures: some megabytes for a full archive.
struct FinishedInput: Codable, Sendable {
    /// Its place among the inputs, from 0.
    let index: Int
    /// The input itself, then what it holds, each container before its members.
    var documents: [ProcessedDocument] = []
    var artifacts: [ProcessedArtifact] = []
    /// Bytes read of the input.
    var bytes: Int64 = 0

    init(index: Int) { self.index = index }

    /// What it adds to the pages of the job's progress.
    var countedPages: Int { documents.reduce(0) { $0 + $1.countedPages } }

    /// Its pages that have a picture.
    var imagePages: Int { documents.reduce(0) { $0 + ($1.imagePages ?? 0) } }
}

/// One document of the result.
struct ProcessedDocument: Codable, Sendable {
    enum Status: String, Codable, Sendable {
        case completed, failed
    }

    struct Failure: Codable, Sendable {
        let code: String
        let message: String

        init(code: String, message: String) {
            self.code = code
            self.message = message.cut(to: longestField)
        }
    }

    struct PageFailure: Codable, Sendable {
        let page: Int
        let message: String
    }

    /// Of a title, an author or a message, in Unicode scalars: what is told of many documents must not be long. The `document` artifact
    /// has all.
    static let longestField = 500
    /// Of the pages that gave no text; the `document` artifact has all.
    static let mostPageErrors = 100

    /// The place of its input among the inputs, from 0.
    let index: Int
    /// Of its rows; nil in the checkpoint of a build that wrote none.
    var id: String?
    /// That place, and for a document inside another its place there, and so on: `0/3/1`.
    let path: String
    /// The path of the document that it lies in; none for an input.
    var parent: String?
    let name: String
    let status: Status
    var mediaType: String?
    var sha256: String?
    var title: String?
    var author: String?
    var created: String?
    var modified: String?
    var pages: Int?
    var characters: Int?
    var chunks: Int?
    var pageErrors: [PageFailure] = []
    /// Why there is no text, or of a completed document why not all that it holds was read.
    var error: Failure?

    /// Pages that have a picture; nil where none were wanted, and for a format that gives none.
    var imagePages: Int?
    /// Why other pages have none.
    var imageShortfall: Failure?

    /// What it adds to the pages of the job's progress: a format without pages counts as one.
    var countedPages: Int { status == .completed ? pages ?? 1 : 0 }

    enum CodingKeys: String, CodingKey {
        case index, id, path, parent, name, status, title, author, created, modified, pages, characters, chunks, error
        case sha256
        case mediaType = "media_type"
        case pageErrors = "page_errors"
        case imagePages = "page_images"
        case imageShortfall = "page_images_error"
    }
}

/// One file of the result.
struct ProcessedArtifact: Codable, Sendable {
    /// The place of the document's input among the inputs.
    let document: Int
    /// The document's path.
    let path: String
    /// `text`, `markdown`, `document` (metadata, pages and chunks as JSON), `page_image` or `page_thumbnail`.
    let kind: String
    let id: String
    let name: String
    let mediaType: String
    let sizeBytes: Int64
    let sha256: String
    /// Of a picture: the number of its page.
    let page: Int?

    enum CodingKeys: String, CodingKey {
        case document, path, kind, id, name, sha256, page
        case mediaType = "media_type"
        case sizeBytes = "size_bytes"
    }
}

extension ProcessedDocument {
    /// Says what became of the pictures of its pages.
    mutating func take(_ images: DocumentImages?) {
        imagePages = images?.pages
        imageShortfall = images?.shortfall
        let failures = images?.failures.prefix(Self.mostPageErrors - pageErrors.count) ?? []
        pageErrors += failures.map { PageFailure(page: $0.page, message: $0.message.cut(to: Self.longestField)) }
    }

    /// A document whose text was extracted.
    init(
        _ place: DocumentPlace, id: UUID, name: String, extracted: Extracted, chunks: Int, sha256: String
    ) {
        let metadata = extracted.metadata
        func short(_ field: String?) -> String? { field?.cut(to: Self.longestField) }
        let pageErrors = extracted.pages.lazy.compactMap { page in
            page.error.map { PageFailure(page: page.number, message: $0.cut(to: Self.longestField)) }
        }
        self.init(
            index: place.index, id: id.text, path: place.path, parent: place.parent, name: name, status: .completed,
            mediaType: metadata.mediaType.cut(to: Self.longestField), sha256: sha256, title: short(metadata.title),
            author: short(metadata.author), created: metadata.created, modified: metadata.modified,
            pages: extracted.pages.isEmpty ? nil : extracted.pages.count,
            characters: extracted.text.unicodeScalars.count, chunks: chunks,
            pageErrors: Array(pageErrors.prefix(Self.mostPageErrors)))
    }
}

extension ProcessedArtifact {
    init(_ place: DocumentPlace, kind: String, page: Int? = nil, _ file: FileRecord) {
        self.init(
            document: place.index, path: place.path, kind: kind, id: file.id.text, name: file.name,
            mediaType: file.mediaType, sizeBytes: file.size, sha256: file.sha256, page: page)
    }
}
