import JSON
import Jobs
import Tabular
import WorkerKit

extension Import {
    static let typeName = "import"

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Loads rows of CSV, JSON Lines, JSON or XLSX files into a table that the operator has allowed, or makes jobs, texts to embed or documents of \
                them; what a row has wrong is told with its line, column and value.
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
                    "file_id": Schema.uuid,
                    "url": [
                        // Whoever writes a password into a URL is told before it is stored.
                        "type": "string", "maxLength": 4096,
                        "pattern": #"^(file:///|https?://[^/?#@\\\u0000-\u0020]+([/?#]|$))"#,
                    ],
                    "s3": BucketPlace.schema(key: "Of the object."),
                ],
                "oneOf": [["required": ["file_id"]], ["required": ["url"]], ["required": ["s3"]]],
            ],
            "target": [
                "type": "object", "additionalProperties": false, "properties": .object(targets),
                "oneOf": .array(targets.keys.map { ["required": [.string($0)]] }),
            ],
            "format": Schema.word(TableFormat.allCases.map(\.rawValue)).orNull.described(
                "Found out when it is not told."),
            "encoding": Schema.text(max: 40).described(
                "By the name that IANA has for it; found out when it is not told."),
            "delimiter": Schema.word([",", ";", "\t", "|"]), "quote": Schema.word(["\"", "'", ""]),
            "header": Schema.bool, "sheet": Schema.text(max: 100).described("Its name, or its number from 1."),
            "mapping": [
                "type": "object", "default": [:], "maxProperties": 1600, "additionalProperties": Schema.text(max: 200),
                "description":
                    "Columns of the target by columns of the source; by their names when empty. In jobs, texts and documents they are members: `limits.pages`, `seeds[]`, `inputs[0].url`.",
            ],
            "key": Schema.list(Schema.text(max: 200), 0...32).defaulting(to: []).described(
                "Columns of a table with a unique index: a row with the same values is updated. Without a key rows are added."
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
            "limits": [
                "type": "object", "additionalProperties": false,
                "default": ["download_bytes": .int(standardBytes), "download_seconds": .int(standardSeconds)],
                "description": "Of a file that is fetched by its URL or from a bucket.",
                "properties": [
                    "download_bytes": Schema.integer(1...100 << 30).defaulting(to: .int(standardBytes)).described(
                        "After decompression on the way; a compressed file counts as it is. Of an object, its size."),
                    "download_seconds": Schema.integer(1...86_400).defaulting(to: .int(standardSeconds)).described(
                        "With all tries."),
                ],
            ],
            "dry_run": Schema.bool.defaulting(to: false).described("Tells what was found out, and loads nothing."),
        ]
    }

    private static let standardBytes: Int64 = 4 << 30
    private static let standardSeconds: Int64 = 3600

    private static var targets: JSONObject {
        [
            "dataset": Schema.text(max: 100).described("A table that the operator has named with `import`."),
            "jobs": Submission.schema(with: [
                "type": [
                    "type": "string", "minLength": 1, "maxLength": 100, "not": ["const": .string(typeName)],
                    "description": "Of the jobs; not `import`, so that no import goes on for ever.",
                ],
                "spec": sealed.defaulting(to: [:]), "parent_id": .null, "depends_on": .null, "unique": .null,
            ]).described(
                "A job for each row: a submission whose spec the row's columns fill in. The texts that stand in its spec are kept sealed, since some may be secrets of the type's."
            ),
            "texts": [
                "type": "object", "additionalProperties": false,
                "properties": [
                    "model": Schema.text(max: 200), "labels": Schema.map(Schema.text), "chunking": Schema.anyObject,
                ],
                "description":
                    "A text for each row, embedded by `batch_embedding` with these members of its spec: `id`, `text`, `title` and `url` are columns.",
            ],
            "documents": documents.described(
                "A document for each row, cut into chunks of so many characters: `text`, `name`, `title`, `url`, `author`, `subject`, `language`, `created` and `modified` are columns."
            ),
        ]
    }

    private static let documents: JSON = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "chunking": [
                "type": "object", "additionalProperties": false, "default": ["size": 1000, "overlap": 100],
                "properties": [
                    "size": Schema.integer(100...100_000).defaulting(to: 1000),
                    "overlap": Schema.integer(0...10_000).defaulting(to: 100),
                ],
            ]
        ],
    ]

    /// An object in which every text is sealed.
    private static let sealed: JSON = [
        "type": "object",
        "additionalProperties": [
            "anyOf": [
                ["type": "string", "x-secret": true], ["type": ["number", "boolean", "null"]],
                ["type": "array", "items": ["$ref": .string(sealedPlace + "/additionalProperties")]],
                ["$ref": .string(sealedPlace)],
            ]
        ],
    ]
    private static let sealedPlace = "#/properties/target/properties/jobs/properties/spec"
}
