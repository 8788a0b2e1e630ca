import Foundation
import JSON
import Jobs
import Tabular
import WorkerKit

/// The job type `import`: what goes in.
struct Import: Decodable, Sendable {
    struct Source: Decodable, Sendable {
        /// An uploaded file or an artifact.
        let fileID: UUID?
        /// A `file://` URL below one of the operator's roots.
        let url: String?
        /// An object in a bucket.
        let s3: BucketPlace?

        enum CodingKeys: String, CodingKey {
            case fileID = "file_id"
            case url, s3
        }
    }

    struct Target: Decodable, Sendable {
        let dataset: String
    }

    enum ConflictAction: String, Decodable, CaseIterable { case update, ignore }
    enum ErrorAction: String, Decodable, CaseIterable { case stop, skip }

    struct Values: Decodable, Sendable {
        let trim: Bool
        let null: [String]
        let decimalComma: Bool
        let dateOrder: DateOrder

        enum CodingKeys: String, CodingKey {
            case trim, null
            case decimalComma = "decimal_comma"
            case dateOrder = "date_order"
        }
    }

    let source: Source
    let target: Target
    let format: TableFormat?
    let encoding: String?
    let delimiter: String?
    let quote: String?
    let header: Bool?
    let sheet: String?
    /// Columns of the target by columns of the source; by their names when empty.
    let mapping: [String: String]
    let key: [String]
    let onConflict: ConflictAction
    let onError: ErrorAction
    let maxErrors: Int
    let values: Values
    let badBytes: BadBytes
    let fillShortRows: Bool
    let dryRun: Bool

    enum CodingKeys: String, CodingKey {
        case source, target, format, encoding, delimiter, quote, header, sheet, mapping, key, values
        case onConflict = "on_conflict"
        case onError = "on_error"
        case maxErrors = "max_errors"
        case badBytes = "bad_bytes"
        case fillShortRows = "fill_short_rows"
        case dryRun = "dry_run"
    }

    /// How many rows may be rejected before the import ends.
    var mostErrors: Int { onError == .stop ? 0 : maxErrors }

    var settings: TableSettings {
        TableSettings(
            format: format, encoding: encoding, delimiter: delimiter, quote: quote, hasHeader: header, sheet: sheet,
            rules: RowRules(badBytes: badBytes, fillsShortRows: fillShortRows), values: rules)
    }

    var rules: ValueRules {
        ValueRules(
            trims: values.trim, nullTexts: values.null, decimalComma: values.decimalComma, dateOrder: values.dateOrder)
    }
}

extension Import {
    static let typeName = "import"

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Loads rows of CSV, JSON Lines, JSON or XLSX files into a table that the operator has allowed; what a row has wrong is told with its line, column \
                and value.
                """,
            specSchema: [
                "type": "object", "additionalProperties": false, "required": ["source", "target"],
                "properties": .object(properties),
            ],
            policy: JobPolicy(timeoutSeconds: 24 * 3600, maxAttempts: 3, maxCrashes: 12))
    }

    private static var properties: JSONObject {
        [
            "source": [
                "type": "object", "additionalProperties": false,
                "properties": [
                    "file_id": Schema.uuid, "url": ["type": "string", "pattern": "^file://", "maxLength": 4096],
                    "s3": BucketPlace.schema(key: "Of the object."),
                ],
                "oneOf": [["required": ["file_id"]], ["required": ["url"]], ["required": ["s3"]]],
            ],
            "target": [
                "type": "object", "additionalProperties": false, "required": ["dataset"],
                "properties": [
                    "dataset": Schema.text(max: 100).described("A table that the operator has named with `import`.")
                ],
            ],
            "format": Schema.word(TableFormat.allCases.map(\.rawValue)).orNull.described(
                "Found out when it is not told."),
            "encoding": Schema.text(max: 40).described(
                "By the name that IANA has for it; found out when it is not told."),
            "delimiter": Schema.word([",", ";", "\t", "|"]), "quote": Schema.word(["\"", "'", ""]),
            "header": Schema.bool, "sheet": Schema.text(max: 100).described("Its name, or its number from 1."),
            "mapping": [
                "type": "object", "default": [:], "maxProperties": 1600, "additionalProperties": Schema.text(max: 200),
                "description": "Columns of the target by columns of the source; by their names when empty.",
            ],
            "key": Schema.list(Schema.text(max: 200), 0...32).defaulting(to: []).described(
                "Columns of the target with a unique index: a row with the same values is updated. Without a key rows are added."
            ),
            "on_conflict": Schema.word(ConflictAction.allCases.map(\.rawValue)).defaulting(to: "update"),
            "on_error": Schema.word(ErrorAction.allCases.map(\.rawValue)).defaulting(to: "stop"),
            "max_errors": Schema.integer(1...100_000).defaulting(to: 1000).described(
                "How many rows `skip` leaves out before it stops."),
            "values": [
                "type": "object", "additionalProperties": false, "default": [:],
                "properties": [
                    "trim": Schema.bool.defaulting(to: false),
                    "null": Schema.list(["type": "string", "maxLength": 100], 0...20).defaulting(to: []).described(
                        "Texts that mean null."),
                    "decimal_comma": Schema.bool.defaulting(to: false),
                    "date_order": Schema.word(["iso", "dmy", "mdy"]).defaulting(to: "iso"),
                ],
            ],
            "bad_bytes": Schema.word(["reject", "replace"]).defaulting(to: "reject").described(
                "What becomes of bytes that are no text in the encoding: their row is rejected, or each becomes U+FFFD."
            ),
            "fill_short_rows": Schema.bool.defaulting(to: false).described(
                "Whether rows with too few fields end in nulls."),
            "dry_run": Schema.bool.defaulting(to: false).described("Tells what was found out, and loads nothing."),
        ]
    }
}
