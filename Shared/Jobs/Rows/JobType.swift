import JSON

/// How jobs of a type are run: limits, retries, lease. All durations are in whole seconds in JSON.
public struct JobPolicy: Sendable, Hashable, Decodable {
    /// How long one attempt may run.
    public var timeoutSeconds: Int
    /// How many attempts may fail before the job fails. Crashes are counted apart.
    public var maxAttempts: Int
    /// The upper bound of the delay after the first failure; doubles with each one.
    public var backoffBaseSeconds: Double
    /// The delay never grows beyond this.
    public var backoffCapSeconds: Double
    /// How long a silent worker keeps a job.
    public var leaseSeconds: Int
    /// How long a cancelled execution may take to end before it is abandoned.
    public var cancelGraceSeconds: Int
    /// How many workers a job may take down with it before it is quarantined.
    public var maxCrashes: Int

    enum CodingKeys: String, CodingKey {
        case timeoutSeconds = "timeout_seconds"
        case maxAttempts = "max_attempts"
        case backoffBaseSeconds = "backoff_base_seconds"
        case backoffCapSeconds = "backoff_cap_seconds"
        case leaseSeconds = "lease_seconds"
        case cancelGraceSeconds = "cancel_grace_seconds"
        case maxCrashes = "max_crashes"
    }

    /// Reads a policy that another build may have written: what it does not say has its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let standard = JobPolicy()
        func value<Value: Decodable>(_ key: CodingKeys, _ standard: Value) throws -> Value {
            try values.decodeIfPresent(Value.self, forKey: key) ?? standard
        }
        self.init(
            timeoutSeconds: try value(.timeoutSeconds, standard.timeoutSeconds),
            maxAttempts: try value(.maxAttempts, standard.maxAttempts),
            backoffBaseSeconds: try value(.backoffBaseSeconds, standard.backoffBaseSeconds),
            backoffCapSeconds: try value(.backoffCapSeconds, standard.backoffCapSeconds),
            leaseSeconds: try value(.leaseSeconds, standard.leaseSeconds),
            cancelGraceSeconds: try value(.cancelGraceSeconds, standard.cancelGraceSeconds),
            maxCrashes: try value(.maxCrashes, standard.maxCrashes))
    }

    /// The policy as it is stored and shown.
    public var json: JSON {
        [
            "timeout_seconds": .int(Int64(timeoutSeconds)), "max_attempts": .int(Int64(maxAttempts)),
            "backoff_base_seconds": .double(backoffBaseSeconds), "backoff_cap_seconds": .double(backoffCapSeconds),
            "lease_seconds": .int(Int64(leaseSeconds)), "cancel_grace_seconds": .int(Int64(cancelGraceSeconds)),
            "max_crashes": .int(Int64(maxCrashes)),
        ]
    }

    /// Makes a policy; the defaults suit jobs of any length.
    public init(
        timeoutSeconds: Int = 86_400, maxAttempts: Int = 5, backoffBaseSeconds: Double = 2,
        backoffCapSeconds: Double = 300,
        leaseSeconds: Int = 30, cancelGraceSeconds: Int = 10, maxCrashes: Int = 3
    ) {
        self.timeoutSeconds = timeoutSeconds
        self.maxAttempts = maxAttempts
        self.backoffBaseSeconds = backoffBaseSeconds
        self.backoffCapSeconds = backoffCapSeconds
        self.leaseSeconds = leaseSeconds
        self.cancelGraceSeconds = cancelGraceSeconds
        self.maxCrashes = maxCrashes
    }
}

/// What kind of work: registered by its workers at start, and read by the gateway, which knows no worker by name.
public struct JobType: Sendable, Representation {
    /// The name that clients submit, also the routing key.
    public let name: String
    /// The version of the spec's schema.
    public let version: Int
    /// One sentence for people.
    public let description: String
    /// JSON Schema of the spec.
    public let specSchema: JSON
    /// The compiled schema.
    public let validator: JSONSchema
    /// How its jobs are run.
    public let policy: JobPolicy

    /// What `write` writes.
    public static let schema = Schema.answer(
        "What kind of work can be submitted.",
        [
            "name": Schema.text, "version": Schema.count.described("The version of the spec's schema."),
            "description": Schema.text, "queue": Schema.text,
            "spec_schema": Schema.anyObject.described("JSON Schema of the spec."),
            "policy": Schema.anyObject.described("How its jobs are run: limits, retries, lease."),
        ])

    /// Appends the type as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("version", version)
        json.member("description", description)
        json.member("queue", queue)
        json.member("spec_schema", raw: specSchema.serialized())
        json.member("policy", raw: policy.json.serialized())
        json.endObject()
    }

    /// The queue of the type's commands.
    public var queue: String { Topics.queue(ofType: name) }

    /// Makes a type; throws when the schema is not one.
    public init(name: String, version: Int, description: String, specSchema: JSON, policy: JobPolicy) throws {
        self.name = name
        self.version = version
        self.description = description
        self.specSchema = specSchema
        self.validator = try JSONSchema(specSchema)
        self.policy = policy
    }
}
