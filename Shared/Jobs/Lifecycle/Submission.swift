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
    /// The input with its defaults filled in and its secrets sealed, a JSON object.
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
    /// The jobs that must complete before it is queued.
    public var dependsOn: [UUID] = []
    /// What the job shares a limit with, within its namespace.
    public var concurrencyKey: String?
    /// When its first attempt must have begun, else it ends as `failed`, code `expired`; nil for any time.
    public var expiresAt: Date?
    /// What kind of job it is to be the only one of.
    public var uniqueness: Uniqueness?

    /// The status of its row.
    var initialStatus: JobStatus { scheduledAt == nil && dependsOn.isEmpty ? .queued : .scheduled }
    /// Whether a worker may have it as soon as its row is committed.
    public var isReady: Bool { initialStatus == .queued }
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
        /// It has a secret, and this service has no key to seal it with.
        case noSealingKey = "no_sealing_key"
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
    /// What seals the secrets of specs and opens them.
    public let vault: SpecVault

    /// Makes a catalogue; without a vault no spec with a secret is taken.
    public init(_ types: [JobType], vault: SpecVault = SpecVault()) {
        self.vault = vault
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
            "depends_on": [
                "type": "array", "maxItems": 100, "uniqueItems": true,
                "items": ["type": "string", "format": "uuid"],
            ],
            "concurrency_key": ["type": "string", "minLength": 1, "maxLength": 200],
            "expires_at": ["type": "string", "format": "date-time"],
            "expires_in_seconds": ["type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000],
            "unique": Uniqueness.schema,
        ],
    ]

    private static let envelope = JSONSchema(ownSchema: schema)

    /// The schema of a job that is part of something that decides some of its fields itself.
    ///
    /// - Parameter fields: other schemas for fields; null for those that are not taken.
    public static func schema(with fields: JSONObject) -> JSON {
        guard var schema = schema.objectValue, var properties = schema["properties"]?.objectValue else { return schema }
        for (name, field) in fields { properties[name] = field.isNull ? nil : field }
        schema["properties"] = .object(properties)
        return .object(schema)
    }

    /// The largest spec that a job may get by references or from rows, in bytes; the HTTP API bounds the others.
    public static let maxSpecBytes = 1 << 20

    /// Reads and validates a submission.
    ///
    /// - Parameters:
    ///   - json: an object as `schema` describes it.
    ///   - prefix: the JSON pointer at which it stands in the request, for messages.
    ///   - references: where in the spec something stands that is filled in later. What these places break is not judged yet, and
    ///     the spec keeps its form; whoever fills them in validates anew.
    ///   - origin: who wrote the spec.
    public static func read(
        _ json: JSON, id: UUID, namespace: String, catalogue: TypeCatalogue, prefix: String = "",
        references: [String] = [], from origin: SpecOrigin = .client, now: Date = Date()
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
        let given = try catalogue.plain(
            json["spec"] ?? [:], of: type, namespace: namespace, from: origin, prefix: prefix)
        let specViolations = type.validator.validate(given).filter { violation in
            !references.contains { $0.hasPrefix(violation.pointer) || violation.pointer.hasPrefix($0) }
        }
        guard specViolations.isEmpty else {
            throw SubmissionError(
                kind: .invalidSpec,
                detail: "The spec does not fit the schema of \(typeName) (version \(type.version)).",
                violations: specViolations.moved(below: prefix + "/spec"))
        }
        if let field = ["scheduled_at", "delay_seconds"].first(where: { json[$0] != nil }), json["depends_on"] != nil {
            throw SubmissionError(
                kind: .invalidField, detail: "A job waits for a time or for other jobs, not for both.",
                violations: [Violation(at: prefix + "/" + field, rule: "not", message: "depends_on is given too")])
        }
        let (scheduledAt, expiresAt) = try times(json, prefix: prefix, now: now)
        try checkUnique(json, prefix: prefix)
        let spec = references.isEmpty ? type.validator.applyingDefaults(to: given) : given
        return Submission(
            id: id, namespace: namespace, type: typeName,
            spec: try catalogue.sealed(spec, of: type, namespace: namespace, prefix: prefix).serialized(),
            name: json["name"]?.stringValue, labels: json["labels"] ?? [:],
            priority: json["priority"]?.stringValue.flatMap(Priority.init(word:)) ?? .normal,
            scheduledAt: scheduledAt,
            timeoutSeconds: json["timeout_seconds"]?.intValue.map { Int($0) } ?? type.policy.timeoutSeconds,
            maxAttempts: json["max_attempts"]?.intValue.map { Int($0) } ?? type.policy.maxAttempts,
            parallelism: json["parallelism"]?.intValue.map { Int($0) },
            parentID: json["parent_id"]?.stringValue.flatMap(UUID.init(text:)),
            traceID: json["trace_id"]?.stringValue,
            dependsOn: json["depends_on"]?.arrayValue?.compactMap { $0.stringValue.flatMap(UUID.init(text:)) } ?? [],
            concurrencyKey: json["concurrency_key"]?.stringValue,
            expiresAt: expiresAt,
            uniqueness: json["unique"].map {
                Uniqueness.read($0, namespace: namespace, type: typeName, spec: spec)
            })
    }

    /// When the job may start, nil for at once, and by when it must have started.
    private static func times(
        _ json: JSON, prefix: String, now: Date
    ) throws(SubmissionError) -> (scheduledAt: Date?, expiresAt: Date?) {
        func read(_ point: String, _ span: String) throws(SubmissionError) -> Date? {
            if json[point] != nil, json[span] != nil {
                throw SubmissionError(
                    kind: .invalidField, detail: "Give \(point) or \(span), not both.",
                    violations: [Violation(at: prefix + "/" + span, rule: "not", message: "\(point) is given too")])
            }
            if let seconds = json[span]?.doubleValue { return now.addingTimeInterval(seconds) }
            return json[point]?.stringValue.flatMap { Date(rfc3339: $0) }
        }
        let scheduledAt = try read("scheduled_at", "delay_seconds").flatMap { $0 > now ? $0 : nil }
        let expiresAt = try read("expires_at", "expires_in_seconds")
        if let scheduledAt, let expiresAt, expiresAt <= scheduledAt {
            let field = json["expires_at"] == nil ? "/expires_in_seconds" : "/expires_at"
            throw SubmissionError(
                kind: .invalidField, detail: "The job would expire before it may start.",
                violations: [Violation(at: prefix + field, rule: "minimum", message: "is not after the start")])
        }
        return (scheduledAt, expiresAt)
    }

    private static func checkUnique(_ json: JSON, prefix: String) throws(SubmissionError) {
        guard let unique = json["unique"] else { return }
        let isTimed = unique["for"]?.stringValue == "seconds"
        guard isTimed != (unique["seconds"] != nil) else { return }
        throw SubmissionError(
            kind: .invalidField, detail: "Give seconds with \"for\": \"seconds\", and only then.",
            violations: [
                Violation(
                    at: prefix + "/unique/seconds", rule: isTimed ? "required" : "not",
                    message: isTimed ? "is missing" : "is given without \"for\": \"seconds\"")
            ])
    }
}

extension [Violation] {
    func moved(below prefix: String) -> [Violation] {
        prefix.isEmpty
            ? self : map { Violation(at: prefix + $0.pointer, rule: $0.keyword, message: $0.message) }
    }
}
