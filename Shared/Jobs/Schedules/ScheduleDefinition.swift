import Foundation
import JSON

/// What is done with ticks that nobody ran in time: while no gateway ran, or while the schedule was paused.
public enum CatchUp: String, Sendable, CaseIterable {
    /// They are left out. A tick is still in time for `ScheduleDefinition.lateness`.
    case skip
    /// The newest of them is run.
    case last
    /// The newest of them are run, oldest first, as many as `catch_up_limit` says.
    case all
}

/// What is done with a tick while a job of the same schedule has not ended.
public enum Overlap: String, Sendable, CaseIterable {
    case allow
    /// The tick is left out.
    case skip
}

/// A schedule as it is asked for, validated.
public struct ScheduleDefinition: Sendable {
    /// A name for people.
    public var name: String?
    /// When it fires.
    public var cron: CronExpression
    /// The IANA name of the zone whose clock `cron` speaks of.
    public var timeZone: String
    let zone: TimeZone
    /// The job to submit, as `POST /jobs` takes it, with its secrets sealed.
    public var job: JSON
    /// What is done with ticks that were missed.
    public var catchUp: CatchUp
    /// The most missed ticks that are made up for at once.
    public var catchUpLimit: Int
    /// What is done while a job of the schedule has not ended.
    public var overlap: Overlap
    /// Whether it waits to be resumed.
    public var isPaused: Bool

    /// How late a tick may be run without counting as missed, in seconds.
    static let lateness: TimeInterval = 60

    /// The JSON Schema of a schedule.
    public static let schema: JSON = [
        "type": "object", "required": ["cron", "job"], "additionalProperties": false,
        "properties": [
            "name": ["type": "string", "minLength": 1, "maxLength": 200],
            "cron": ["type": "string", "minLength": 1, "maxLength": 200],
            "time_zone": ["type": "string", "minLength": 1, "maxLength": 100, "default": "UTC"],
            "job": Submission.schema(
                with: ["scheduled_at": .null, "delay_seconds": .null, "parent_id": .null, "depends_on": .null]),
            "catch_up": Schema.word(CatchUp.allCases.map(\.rawValue)).defaulting(to: "skip"),
            "catch_up_limit": ["type": "integer", "minimum": 1, "maximum": 100, "default": 10],
            "overlap": Schema.word(Overlap.allCases.map(\.rawValue)).defaulting(to: "allow"),
            "paused": ["type": "boolean", "default": false],
        ],
    ]

    private static let envelope = JSONSchema(ownSchema: schema)

    /// The JSON Schema of a change: any of the fields, or null for its default.
    public static let patchSchema: JSON = {
        var properties = JSONObject()
        for (name, field) in schema["properties"]?.objectValue ?? [:] {
            guard var members = field.objectValue else { continue }
            members["default"] = nil
            properties[name] = JSON.object(members).orNull
        }
        return Schema.request(.object(properties))
    }()

    /// Reads and validates a schedule and its job.
    ///
    /// - Parameter origin: who wrote the job's spec.
    public static func read(
        _ json: JSON, namespace: String, catalogue: TypeCatalogue, from origin: SpecOrigin = .client, now: Date = Date()
    ) throws(SubmissionError) -> ScheduleDefinition {
        let violations = envelope.validate(json)
        guard violations.isEmpty else {
            throw SubmissionError(
                kind: .invalidField, detail: "The schedule is not well formed.", violations: violations)
        }
        let fields = envelope.applyingDefaults(to: json)
        let cron: CronExpression
        do {
            cron = try CronExpression(fields["cron"]?.stringValue ?? "")
        } catch {
            throw .invalid("/cron", rule: "cron", "\(error)")
        }
        let zoneName = fields["time_zone"]?.stringValue ?? ""
        guard let zone = TimeZone(ianaName: zoneName) else {
            throw .invalid("/time_zone", rule: "time_zone", "an IANA name is expected, such as Europe/Berlin or UTC")
        }
        guard !cron.ticks(after: now, in: zone, limit: 1).isEmpty else {
            throw .invalid("/cron", rule: "cron", "this never happens")
        }
        let job = fields["job"] ?? [:]
        _ = try Submission.read(
            job, id: UUID(), namespace: namespace, catalogue: catalogue, prefix: "/job", from: origin, now: now)
        return ScheduleDefinition(
            name: fields["name"]?.stringValue, cron: cron, timeZone: zoneName, zone: zone,
            job: try catalogue.sealed(job: job, namespace: namespace, prefix: "/job"),
            catchUp: fields["catch_up"]?.stringValue.flatMap(CatchUp.init(rawValue:)) ?? .skip,
            catchUpLimit: fields["catch_up_limit"]?.intValue ?? 10,
            overlap: fields["overlap"]?.stringValue.flatMap(Overlap.init(rawValue:)) ?? .allow,
            isPaused: fields["paused"]?.boolValue ?? false)
    }

    /// The schedule with some of its fields replaced, as JSON Merge Patch (RFC 7396) on its first level: null brings back a default.
    public func merging(_ patch: JSONObject) -> JSON {
        var fields: JSONObject = [
            "cron": .string(cron.text), "time_zone": .string(timeZone), "job": job,
            "catch_up": .string(catchUp.rawValue), "catch_up_limit": .int(Int64(catchUpLimit)),
            "overlap": .string(overlap.rawValue), "paused": .bool(isPaused),
        ]
        if let name { fields["name"] = .string(name) }
        for (key, value) in patch { fields[key] = value.isNull ? nil : value }
        return .object(fields)
    }
}

extension SubmissionError {
    /// One field that breaks a rule.
    static func invalid(_ pointer: String, rule: String, _ message: String) -> SubmissionError {
        SubmissionError(
            kind: .invalidField, detail: "\(pointer): \(message).",
            violations: [Violation(at: pointer, rule: rule, message: message)])
    }
}

extension JSONSchema {
    /// Compiles a schema that stands in the source code.
    init(ownSchema schema: JSON) {
        do { try self.init(schema) } catch { preconditionFailure("a schema of our own does not compile: \(error)") }
    }
}
