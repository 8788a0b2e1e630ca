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
    /// Nil for none.
    let pageImages: PageImages?
    /// By their names in the schema.
    let limits: [String: Int]

    enum CodingKeys: String, CodingKey {
        case inputs, chunking, ocr, limits
        case headersFooters = "headers_footers"
        case pageImages = "page_images"
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
                    "page_images": PageImages.schema,
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
