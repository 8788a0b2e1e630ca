import Foundation
import JSON
import Jobs
import WorkerKit

/// The job type `document_processing`: what goes in.
struct DocumentProcessing: Decodable, Sendable {
    struct Input: Decodable, Sendable {
        /// An uploaded file or an artifact.
        let fileID: UUID?
        /// A `file://` URL below one of the operator's roots, or one to fetch by `http://` or `https://`.
        let url: String?
        /// The name that is shown, instead of the file's own.
        let name: String?

        /// The URL, when it is one to fetch.
        var webURL: String? { url.flatMap { $0.hasPrefix("http") ? $0 : nil } }

        enum CodingKeys: String, CodingKey {
            case fileID = "file_id"
            case url, name
        }
    }

    struct Chunking: Decodable, Sendable {
        /// The most Unicode scalars of a chunk, and how many it shares with the one before.
        let size: Int
        let overlap: Int
    }

    struct TextRecognition: Decodable, Sendable {
        let mode: String
        let languages: [String]

        var choice: Recognition { Recognition(mode: Recognition.Mode(rawValue: mode) ?? .auto, languages: languages) }
    }

    let inputs: [Input]
    let chunking: Chunking
    let ocr: TextRecognition
    /// What becomes of the lines that the pages of a PDF repeat.
    let headersFooters: PageFurniture
    /// By their names in the schema.
    let limits: [String: Int]

    enum CodingKeys: String, CodingKey {
        case inputs, chunking, ocr, limits
        case headersFooters = "headers_footers"
    }

    static func jobType() throws -> JobType {
        try JobType(
            name: "document_processing", version: 1,
            description: """
                Extracts text, Markdown, tables, metadata and chunks from PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, HTML, Markdown, CSV, \
                JSON, XML, plain text, mail (EML, MSG, mailboxes) and pictures, and from the documents attached to mails and inside ZIP and TAR archives.
                """,
            specSchema: [
                "type": "object",
                "required": ["inputs"],
                "additionalProperties": false,
                "properties": [
                    "inputs": Schema.list(["$ref": "#/$defs/input"], 1...1000),
                    "chunking": [
                        "type": "object", "additionalProperties": false, "default": ["size": 1000, "overlap": 100],
                        "properties": [
                            "size": ["type": "integer", "minimum": 100, "maximum": 100_000, "default": 1000],
                            "overlap": ["type": "integer", "minimum": 0, "maximum": 10_000, "default": 100],
                        ],
                    ],
                    "ocr": [
                        "type": "object", "additionalProperties": false,
                        "default": ["mode": "auto", "languages": ["eng"]],
                        "properties": [
                            "mode": [
                                "type": "string",
                                "enum": .array(Recognition.Mode.allCases.map { .string($0.rawValue) }),
                                "default": "auto",
                            ],
                            "languages": Schema.list(
                                ["type": "string", "maxLength": 16, "pattern": "^[a-z]{3}(_[a-z]+)*$"], 1...4
                            ).defaulting(to: ["eng"]),
                        ],
                    ],
                    "headers_footers": [
                        "type": "string", "enum": .array(PageFurniture.allCases.map { .string($0.rawValue) }),
                        "default": "keep",
                    ],
                    "limits": DocumentLimits.schema,
                ],
                "$defs": [
                    "input": [
                        "type": "object", "additionalProperties": false,
                        "oneOf": [["required": ["file_id"]], ["required": ["url"]]],
                        "properties": [
                            "file_id": ["type": "string", "format": "uuid"],
                            // Whoever writes a password into a URL is told before it is stored.
                            "url": [
                                "type": "string", "pattern": #"^(file:///|https?://[^/?#@\\\u0000-\u0020]+([/?#]|$))"#,
                            ],
                            "name": [
                                "type": "string", "minLength": 1, "maxLength": 255,
                                "pattern": #"^[^\u0000-\u001f\u007f]*$"#,
                            ],
                        ],
                    ]
                ],
            ],
            // Documents are parsed in children, so what ends the worker itself is seldom its job; and a long job sees many ends.
            policy: JobPolicy(timeoutSeconds: 6 * 3600, maxAttempts: 3, maxCrashes: 12))
    }
}

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
/// It is bounded by the limit on documents inside a document: some megabytes for a full archive.
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

    /// What it adds to the pages of the job's progress: a format without pages counts as one.
    var countedPages: Int { status == .completed ? pages ?? 1 : 0 }

    enum CodingKeys: String, CodingKey {
        case index, id, path, parent, name, status, title, author, created, modified, pages, characters, chunks, error
        case sha256
        case mediaType = "media_type"
        case pageErrors = "page_errors"
    }
}

/// One file of the result.
struct ProcessedArtifact: Codable, Sendable {
    /// The place of the document's input among the inputs.
    let document: Int
    /// The document's path.
    let path: String
    /// `text`, `markdown` or `document` (metadata, pages and chunks as JSON).
    let kind: String
    let id: String
    let name: String
    let mediaType: String
    let sizeBytes: Int64
    let sha256: String

    enum CodingKeys: String, CodingKey {
        case document, path, kind, id, name, sha256
        case mediaType = "media_type"
        case sizeBytes = "size_bytes"
    }
}
