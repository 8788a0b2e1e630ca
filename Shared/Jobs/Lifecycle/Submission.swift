import Foundation
import JSON

/// How urgent a job is. Commands of a higher class are dispatched first.
public enum Priority: Int16, Sendable, Hashable, CaseIterable {
    case low = 0
    case normal = 1
    case high = 2

    /// The word that clients use.
    public var word: String {
        switch self {
        case .low: "low"
        case .normal: "normal"
        case .high: "high"
        }
    }

    /// Reads the word that clients use.
    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = match
    }
}

/// A job as it is asked for, validated and with its type's defaults filled in.
///
/// It is what a REST request and a stranger's AMQP command have in common: both are read by `Submission.read`, so that both are
/// held to the same rules and get the same messages.
public struct Submission: Sendable {
    /// The job's id.
    public var id: UUID
    /// The tenant that it belongs to.
    public var namespace: String
    /// The job's type.
    public var type: String
    /// The input with its defaults filled in, a JSON object.
    public var spec: [UInt8]
    /// A name for people.
    public var name: String?
    /// The client's labels, a JSON object of strings.
    public var labels: JSON
    /// How urgent it is.
    public var priority: Priority
    /// When it may start; nil for at once.
    public var scheduledAt: Date?
    /// How long one attempt may run.
    public var timeoutSeconds: Int
    /// How many attempts may fail before the job fails.
    public var maxAttempts: Int
    /// How much it may do at a time, in the units of its type, 1 to 64; nil for the worker's own measure.
    public var parallelism: Int?
    /// The job that it belongs to.
    public var parentID: UUID?
    /// The client's trace id.
    public var traceID: String?
    /// The client's key and the SHA-256 of its request: the same key with another request is refused.
    public var idempotency: (key: String, requestHash: [UInt8])?
}

/// A place in a request that breaks a rule.
public typealias Violation = JSONSchema.Violation

/// Why a submission is refused.
public struct SubmissionError: Error, Sendable, CustomStringConvertible {
    /// What kind of rule was broken.
    public enum Kind: String, Sendable {
        case unknownType = "unknown_type"
        case invalidSpec = "invalid_spec"
        case invalidField = "invalid_field"
    }
    /// Which rule was broken.
    public let kind: Kind
    /// What is wrong, in a sentence.
    public let detail: String
    /// Where: a JSON pointer into the request and a message for each place.
    public let violations: [Violation]

    /// The detail and every place, for logs and dead letters.
    public var description: String {
        ([detail] + violations.map { "\($0.pointer.isEmpty ? "/" : $0.pointer): \($0.message)" }).joined(
            separator: "; ")
    }
}

/// The job types known at one moment, by name.
public struct TypeCatalogue: Sendable {
    /// The types by name.
    public let types: [String: JobType]

    /// Makes a catalogue.
    public init(_ types: [JobType]) {
        self.types = Dictionary(types.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The names in order, for people.
    public var names: String { types.keys.sorted().joined(separator: ", ") }
}

extension Submission {
    /// The JSON Schema of how much a job may do at a time.
    public static let parallelism: JSON = ["type": "integer", "minimum": 1, "maximum": 64]

    /// The JSON Schema of a submission, without the spec, which its type's own schema describes.
    public static let schema: JSON = [
        "type": "object",
        "required": ["type"],
        "additionalProperties": false,
        "properties": [
            "type": ["type": "string", "minLength": 1, "maxLength": 100],
            "spec": ["type": "object"],
            "name": ["type": "string", "minLength": 1, "maxLength": 200],
            "labels": [
                "type": "object", "maxProperties": 32,
                "propertyNames": ["minLength": 1, "maxLength": 63],
                "additionalProperties": ["type": "string", "maxLength": 255],
            ],
            "priority": ["enum": ["low", "normal", "high"]],
            "scheduled_at": ["type": "string", "format": "date-time"],
            "delay_seconds": ["type": "number", "minimum": 0, "maximum": 31_536_000],
            "timeout_seconds": ["type": "integer", "minimum": 1, "maximum": 31_536_000],
            "max_attempts": ["type": "integer", "minimum": 1, "maximum": 100],
            "parallelism": parallelism,
            "parent_id": ["type": "string", "format": "uuid"],
            "trace_id": ["type": "string", "minLength": 1, "maxLength": 64],
        ],
    ]

    private static let envelope: JSONSchema = {
        do {
            return try JSONSchema(schema)
        } catch {
            preconditionFailure("the submission's own schema does not compile: \(error)")
        }
    }()

    /// Reads and validates a submission.
    ///
    /// - Parameters:
    ///   - json: an object as `schema` describes it.
    ///   - prefix: the JSON pointer at which it stands in the request, for messages.
    public static func read(
        _ json: JSON, id: UUID, namespace: String, catalogue: TypeCatalogue, prefix: String = "", now: Date = Date()
    ) throws(SubmissionError) -> Submission {
        let violations = envelope.validate(json)
        guard violations.isEmpty else {
            throw SubmissionError(
                kind: .invalidField, detail: "The job is not well formed.", violations: violations.moved(below: prefix))
        }
        let typeName = json["type"]?.stringValue ?? ""
        guard let type = catalogue.types[typeName] else {
            throw SubmissionError(
                kind: .unknownType,
                detail: catalogue.types.isEmpty
                    ? "No job type is registered yet: start a worker."
                    : "There is no job type \"\(typeName)\". Known types: \(catalogue.names).",
                violations: [Violation(at: prefix + "/type", rule: "enum", message: "unknown job type")])
        }
        let given = json["spec"] ?? [:]
        let specViolations = type.validator.validate(given)
        guard specViolations.isEmpty else {
            throw SubmissionError(
                kind: .invalidSpec,
                detail: "The spec does not fit the schema of \(typeName) (version \(type.version)).",
                violations: specViolations.moved(below: prefix + "/spec"))
        }
        if json["scheduled_at"] != nil, json["delay_seconds"] != nil {
            throw SubmissionError(
                kind: .invalidField, detail: "Give scheduled_at or delay_seconds, not both.",
                violations: [
                    Violation(at: prefix + "/delay_seconds", rule: "not", message: "scheduled_at is given too")
                ])
        }
        var scheduledAt = json["scheduled_at"]?.stringValue.flatMap { Date(rfc3339: $0) }
        if let delay = json["delay_seconds"]?.doubleValue, delay > 0 { scheduledAt = now.addingTimeInterval(delay) }
        return Submission(
            id: id, namespace: namespace, type: typeName,
            spec: type.validator.applyingDefaults(to: given).serialized(),
            name: json["name"]?.stringValue, labels: json["labels"] ?? [:],
            priority: json["priority"]?.stringValue.flatMap(Priority.init(word:)) ?? .normal,
            scheduledAt: scheduledAt.flatMap { $0 > now ? $0 : nil },
            timeoutSeconds: json["timeout_seconds"]?.intValue.map { Int($0) } ?? type.policy.timeoutSeconds,
            maxAttempts: json["max_attempts"]?.intValue.map { Int($0) } ?? type.policy.maxAttempts,
            parallelism: json["parallelism"]?.intValue.map { Int($0) },
            parentID: json["parent_id"]?.stringValue.flatMap(UUID.init(text:)),
            traceID: json["trace_id"]?.stringValue)
    }
}

extension [Violation] {
    fileprivate func moved(below prefix: String) -> [Violation] {
        prefix.isEmpty
            ? self : map { Violation(at: prefix + $0.pointer, rule: $0.keyword, message: $0.message) }
    }
}
