import Foundation
import JSON
import Jobs
import WorkerKit

/// The job type `batch_embedding`: what goes in.
struct BatchEmbedding: Decodable, Sendable {
    /// A text that the spec brings.
    struct Text: Decodable, Sendable {
        let id: String
        let text: String
        let title: String?
        let url: String?
    }

    /// How texts are cut.
    struct Chunking: Decodable, Sendable {
        /// The most tokens of a chunk; what the model reads when nil.
        let tokens: Int?
        /// The most tokens that a chunk shares with the one before; an eighth of the most when nil.
        let overlap: Int?
    }

    let texts: [Text]
    /// Jobs whose documents are embedded.
    let documents: [UUID]
    /// Jobs whose crawled pages are embedded.
    let pages: [UUID]
    /// The operator's standard when nil.
    let model: String?
    let chunking: Chunking
    let labels: [String: String]
}

extension BatchEmbedding {
    static let typeName = "batch_embedding"

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Turns texts, the documents and the crawled pages of earlier jobs into vectors, piece by piece, so that they are found by POST /search. \
                What was embedded before is not embedded again.
                """,
            specSchema: [
                "type": "object", "additionalProperties": false, "properties": .object(properties),
                "anyOf": [some("texts"), some("documents"), some("pages")],
            ],
            policy: JobPolicy(timeoutSeconds: 24 * 3600, maxAttempts: 5))
    }

    private static var properties: JSONObject {
        [
            "texts": Schema.list(text, 0...10_000).defaulting(to: []),
            "documents": jobs.described("Jobs of type document_processing or import: their documents are embedded."),
            "pages": jobs.described("Jobs of type web_crawling: their pages are embedded."),
            "model": Schema.text(max: 200),
            "chunking": [
                "type": "object", "additionalProperties": false, "default": [:],
                "properties": ["tokens": Schema.integer(16...8192), "overlap": Schema.integer(0...4096)],
            ],
            "labels": [
                "type": "object", "default": [:], "maxProperties": 16,
                "propertyNames": ["minLength": 1, "maxLength": 64],
                "additionalProperties": ["type": "string", "maxLength": 256],
                "description": "What the texts can be filtered by in a search.",
            ],
        ]
    }

    /// That a list has something in it.
    private static func some(_ member: String) -> JSON {
        var properties = JSONObject()
        properties[member] = ["minItems": 1]
        return ["required": [.string(member)], "properties": .object(properties)]
    }

    private static let jobs = Schema.list(Schema.uuid, 0...1000).defaulting(to: [])

    private static let text: JSON = [
        "type": "object", "additionalProperties": false, "required": ["id", "text"],
        "properties": [
            "id": Schema.text(max: 500).described(
                "By what it is known: a later text with the same id takes its place."),
            "text": ["type": "string", "maxLength": 1_000_000],
            "title": Schema.text(max: 1000), "url": Schema.text(max: 4096),
        ],
    ]
}
