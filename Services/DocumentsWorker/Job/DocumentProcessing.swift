import Foundation
import JSON
import Jobs
import WorkerKit

/// The job type `document_processing`: what goes in.
struct DocumentProcessing: Decodable, Sendable {
    struct Input: Decodable, Sendable {
        /// An uploaded file or an artifact.
        let fileID: UUID?
        /// A `file://` URL below one of the operator's roots.
        let url: String?
        /// The name that is shown, instead of the file's own.
        let name: String?

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

    static func jobType() throws -> JobType {
        try JobType(
            name: "document_processing", version: 1,
            description: """
                Extracts text, Markdown, tables, metadata and chunks from PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, HTML, Markdown, CSV, \
                JSON, XML, plain text and pictures.
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
                ],
                "$defs": [
                    "input": [
                        "type": "object", "additionalProperties": false,
                        "oneOf": [["required": ["file_id"]], ["required": ["url"]]],
                        "properties": [
                            "file_id": ["type": "string", "format": "uuid"],
                            "url": ["type": "string", "pattern": "^file:///"],
                            "name": [
                                "type": "string", "minLength": 1, "maxLength": 255,
                                "pattern": #"^[^\u0000-\u001f\u007f]*$"#,
                            ],
                        ],
                    ]
                ],
            ],
            policy: JobPolicy(timeoutSeconds: 6 * 3600, maxAttempts: 3))
    }
}

/// What comes out of a job.
struct ProcessedDocuments: Encodable, Sendable {
    /// Documents whose text was extracted.
    var documentsProcessed = 0
    /// Documents that ended with an error; the job goes on with the others.
    var errors = 0
    var pages = 0
    /// Bytes read.
    var bytes: Int64 = 0
    var artifacts: [ProcessedArtifact] = []
    var documents: [ProcessedDocument] = []

    enum CodingKeys: String, CodingKey {
        case documentsProcessed = "documents_processed"
        case errors, pages, bytes, artifacts, documents
    }

    mutating func add(_ finished: FinishedDocument) {
        if finished.document.error == nil { documentsProcessed += 1 } else { errors += 1 }
        pages += finished.document.pages ?? 0
        bytes += finished.bytes
        artifacts += finished.artifacts
        documents.append(finished.document)
    }

    /// Brings everything into the order of the inputs.
    mutating func sort() {
        documents.sort { $0.index < $1.index }
        artifacts.sort { $0.document < $1.document }
    }
}

/// One document that is done with, and what it added: the entry of its checkpoint.
struct FinishedDocument: Codable, Sendable {
    let document: ProcessedDocument
    let artifacts: [ProcessedArtifact]
    /// Bytes read.
    let bytes: Int64
}

/// One document of the result.
struct ProcessedDocument: Codable, Sendable {
    struct Failure: Codable, Sendable {
        let code: String
        let message: String
    }

    struct PageFailure: Codable, Sendable {
        let page: Int
        let message: String
    }

    /// Its place among the inputs, from 0.
    let index: Int
    /// Of its rows; nil in the checkpoint of a build that wrote none.
    var id: String?
    let name: String
    /// `completed` or `failed`.
    let status: String
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
    var error: Failure?

    /// What it adds to the pages of the job's progress: a format without pages counts as one.
    var countedPages: Int { error == nil ? pages ?? 1 : 0 }

    enum CodingKeys: String, CodingKey {
        case index, id, name, status, title, author, created, modified, pages, characters, chunks, error, sha256
        case mediaType = "media_type"
        case pageErrors = "page_errors"
    }
}

/// One file of the result.
struct ProcessedArtifact: Codable, Sendable {
    /// The document's place among the inputs.
    let document: Int
    /// `text`, `markdown` or `document` (metadata, pages and chunks as JSON).
    let kind: String
    let id: String
    let name: String
    let mediaType: String
    let sizeBytes: Int64
    let sha256: String

    enum CodingKeys: String, CodingKey {
        case document, kind, id, name, sha256
        case mediaType = "media_type"
        case sizeBytes = "size_bytes"
    }
}
