import JSON
import Jobs

/// What control requests may say.
enum ControlBody {
    static let reason: JSON = ["type": "string", "maxLength": 500, "pattern": #"^[^\u0000]*$"#]
    static let timeout: JSON = ["type": "number", "minimum": 0, "maximum": 86_400]
    static let mode: JSON = ["enum": ["checkpoint", "immediate", "force"], "default": "checkpoint"]

    static let cancel = compiled(object(["reason": reason, "timeout_seconds": timeout]))
    static let stop = compiled(object(["mode": mode, "reason": reason, "timeout_seconds": timeout]))
    static let restart = compiled(
        object([
            "checkpoint_id": ["type": "integer", "minimum": 0, "maximum": .int(Int64(Int32.max))],
            "parallelism": Submission.parallelism, "reason": reason,
        ]))
    static let bulk = compiled(
        object(
            [
                "action": ["enum": ["cancel", "stop", "retry", "rerun"]],
                "filter": object(
                    [
                        "type": ["type": "string", "minLength": 1, "maxLength": 100],
                        "status": [
                            "type": "array", "minItems": 1,
                            "items": ["enum": .array(JobStatus.allCases.map { .string($0.rawValue) })],
                        ],
                        "labels": ["type": "object", "minProperties": 1, "additionalProperties": ["type": "string"]],
                        "parent": ["type": "string", "format": "uuid"],
                        "created_after": ["type": "string", "format": "date-time"],
                        "created_before": ["type": "string", "format": "date-time"],
                    ], atLeast: 1),
                "dry_run": ["type": "boolean", "default": false],
                "mode": mode, "timeout_seconds": timeout, "reason": reason,
                "limit": ["type": "integer", "minimum": 1, "maximum": 500, "default": 500],
                "cursor": ["type": "string"],
            ], required: ["action", "filter"]))

    private static func object(_ properties: JSONObject, required: [JSON] = [], atLeast count: Int64 = 0) -> JSON {
        [
            "type": "object", "additionalProperties": false, "properties": .object(properties),
            "required": .array(required), "minProperties": .int(count),
        ]
    }

    private static func compiled(_ schema: JSON) -> JSONSchema {
        do {
            return try JSONSchema(schema)
        } catch {
            preconditionFailure("a control request's schema does not compile: \(error)")
        }
    }
}
