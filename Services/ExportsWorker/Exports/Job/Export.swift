import Compression
import Foundation
import JSON
import Jobs
import Search
import WorkerKit

/// The job type `export`: what goes in.
struct Export: Decodable, Sendable {
    /// Rows that are exported.
    struct Source: Decodable, Sendable {
        /// Nil for the hits of a search.
        let dataset: String?
        /// What is looked for, in the form of `POST /search`.
        let search: JSON?
        let parameters: JSONMembers
        /// All of them when empty.
        let columns: [String]
        let filters: [Filter]
        let order: [Order]
        let limit: Int?
        /// By what its file or sheet is named; the dataset's name, or `search`, when nil.
        let name: String?
    }

    /// A condition on a column.
    struct Filter: Decodable, Sendable {
        enum Comparison: String, Decodable, CaseIterable {
            case equal = "eq"
            case notEqual = "ne"
            case less = "lt"
            case lessOrEqual = "le"
            case greater = "gt"
            case greaterOrEqual = "ge"
            case oneOf = "in"
            case like
            case isNull = "is_null"
        }

        let column: String
        let op: Comparison
        let value: JSON?
    }

    struct Order: Decodable, Sendable {
        let column: String
        let descending: Bool
    }

    enum Format: String, Decodable, CaseIterable {
        case csv, jsonl, json, xlsx
        // Reports.
        case markdown, html, pdf

        var mediaType: String {
            switch self {
            case .csv: "text/csv; charset=utf-8"
            case .jsonl: "application/jsonl"
            case .json: "application/json"
            case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            case .markdown: "text/markdown; charset=utf-8"
            case .html: "text/html; charset=utf-8"
            case .pdf: "application/pdf"
            }
        }

        /// What the names of its files end with.
        var suffix: String { self == .markdown ? "md" : rawValue }
    }

    struct CSV: Decodable, Sendable {
        let delimiter: String
        let header: Bool
        let byteOrderMark: Bool
        let lineEnd: String

        enum CodingKeys: String, CodingKey {
            case delimiter, header
            case byteOrderMark = "byte_order_mark"
            case lineEnd = "line_end"
        }
    }

    /// What is done to text that a spreadsheet would run.
    enum Formulas: String, Decodable, CaseIterable { case neutralise, keep }

    struct Parts: Decodable, Sendable {
        let rows: Int?
        let bytes: Int?
    }

    let sources: [Source]
    let format: Format
    let compression: CompressionFormat?
    let name: String
    let csv: CSV
    let formulas: Formulas
    let parts: Parts
    let target: Target
    let report: Report

    /// Where the files go; to the job's artifacts when there is no bucket.
    struct Target: Decodable, Sendable {
        let s3: BucketPlace?
    }
}

extension Export {
    static let typeName = "export"

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Writes jobs, documents, chunks, pages, embeddings and what else the operator has named to files: CSV, JSON or XLSX, or a \
                report with charts, from one snapshot of the database.
                """,
            specSchema: [
                "type": "object", "additionalProperties": false, "required": ["sources"],
                "properties": .object(properties),
            ],
            policy: JobPolicy(timeoutSeconds: 24 * 3600, maxAttempts: 3, maxCrashes: 12))
    }

    private static var properties: JSONObject {
        [
            "sources": Schema.list(source, 1...20),
            "format": Schema.word(Format.allCases.map(\.rawValue)).defaulting(to: "csv"),
            "compression": Schema.word(CompressionFormat.allCases.map(\.rawValue)).orNull,
            "name": [
                "type": "string", "minLength": 1, "maxLength": 100, "pattern": #"^[^/\\\u0000-\u001f\u007f]+$"#,
                "default": "export",
                "description": "What the files' names begin with.",
            ],
            "csv": [
                "type": "object", "additionalProperties": false, "default": [:],
                "properties": [
                    "delimiter": Schema.word([",", ";", "\t", "|"]).defaulting(to: ","),
                    "header": Schema.bool.defaulting(to: true),
                    "byte_order_mark": Schema.bool.defaulting(to: false).described(
                        "Some spreadsheets know UTF-8 by it alone."),
                    "line_end": Schema.word(["lf", "crlf"]).defaulting(to: "lf"),
                ],
            ],
            "target": [
                "type": "object", "additionalProperties": false, "default": [:],
                "description": "Where the files go: to the job's artifacts, or into a bucket.",
                "properties": [
                    "s3": BucketPlace.schema(key: "What the keys begin with: the names of the files follow.")
                ],
            ],
            "formulas": Schema.word(Formulas.allCases.map(\.rawValue)).defaulting(to: "neutralise").described(
                "What is done in CSV and XLSX to text that a spreadsheet would run as a formula: an apostrophe before it, or nothing."
            ),
            "report": Report.schema,
            "parts": [
                "type": "object", "additionalProperties": false, "default": [:],
                "description": "When a file is full and another one follows; not for xlsx and reports.",
                "properties": [
                    "rows": Schema.integer(1...1_000_000_000), "bytes": Schema.integer(1_000_000...1_000_000_000_000),
                ],
            ],
        ]
    }

    private static let source: JSON = [
        "type": "object", "additionalProperties": false,
        "oneOf": [["required": ["dataset"]], ["required": ["search"]]],
        "properties": [
            "dataset": Schema.text(max: 100).described(
                "One of the product's, or one that the operator has named (`GET /datasets` lists them)."),
            "search": SearchRequest.schema(most: SourceQuery.maxHits).described(
                "Instead of a dataset: the hits of a search as `POST /search` makes it, the best first."),
            "parameters": Schema.anyObject.defaulting(to: [:]),
            "columns": Schema.list(Schema.text(max: 200), 0...1600).defaulting(to: []).described(
                "In this order; all when empty."),
            "filters": Schema.list(filter, 0...50).defaulting(to: []),
            "order": Schema.list(
                [
                    "type": "object", "additionalProperties": false, "required": ["column"],
                    "properties": ["column": Schema.text(max: 200), "descending": Schema.bool.defaulting(to: false)],
                ], 0...10
            ).defaulting(to: []),
            "limit": ["type": "integer", "minimum": 1],
            "name": Schema.text(max: 100).described("By what its file or sheet is named."),
        ],
    ]

    private static let filter: JSON = [
        "type": "object", "additionalProperties": false, "required": ["column", "op"],
        "properties": [
            "column": Schema.text(max: 200), "op": Schema.word(Filter.Comparison.allCases.map(\.rawValue)),
            "value": Schema.anything.described("A value in the column's own form; a list of them for `in`."),
        ],
    ]
}
