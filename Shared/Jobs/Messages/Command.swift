import AMQP
import Crypto
import Foundation
import JSON
import Postgres

/// The message that tells a worker to run a job: complete in itself, so that one published by a stranger is enough.
///
/// Body: a JSON object with the fields of a submission (see `Submission.schema`), and `schema` (1), `id` (a UUID, required) and
/// `namespace` (required). `message-id` repeats the id. Strangers publish to the exchange `switchyard.jobs` with the type as
/// routing key.
public struct Command: Sendable {
    /// The job's id.
    public let id: UUID
    /// The job's type.
    public let type: String
    /// The message as it is published.
    public let message: Message

    /// The version of the message's form that this build writes.
    public static let schemaVersion = 1
    /// The versions that this build reads. A command of another one waits in the dead letters, and is sent again after an upgrade.
    public static let readableVersions: Set<Int> = [schemaVersion]

    /// JSON Schema of the body: a submission with the members that make it complete in itself.
    public static let schema: JSON = {
        var members = JSONObject()
        members["schema"] = .object(["const": .int(Int64(schemaVersion))]).described("The version of this form.")
        members["id"] = Schema.uuid.described("The job's id: the same id twice is one job.")
        members["namespace"] = Schema.text(max: 63).described("The tenant.")
        for (name, member) in Submission.schema["properties"]?.objectValue ?? [:] { members[name] = member }
        members["depends_on"] = nil
        return Schema.request(.object(members), required: ["id", "namespace", "type"])
    }()

    /// The command of a submission that has just been committed.
    public init(_ submission: Submission) {
        self.init(
            id: submission.id, namespace: submission.namespace, type: submission.type, spec: submission.spec,
            name: submission.name, labels: submission.labels.serialized(), priority: submission.priority,
            timeoutSeconds: submission.timeoutSeconds, maxAttempts: submission.maxAttempts, crashes: 0,
            parallelism: submission.parallelism, parentID: submission.parentID, traceID: submission.traceID,
            concurrencyKey: submission.concurrencyKey, expiresAt: submission.expiresAt)
    }

    init(row: Row) throws {
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), type: try row.decode("type"),
            spec: try row.decode("spec", as: JSONText.self).bytes, name: try row.decode("name"),
            labels: try row.decode("labels", as: JSONText.self).bytes,
            priority: Priority(rawValue: try row.decode("priority")) ?? .normal,
            timeoutSeconds: Int(try row.decode("timeout_seconds", as: Int32.self)),
            maxAttempts: Int(try row.decode("max_attempts", as: Int32.self)),
            crashes: Int(try row.decode("crashes", as: Int32.self)),
            parallelism: try row.decode("parallelism", as: Int32?.self).map(Int.init),
            parentID: try row.decode("parent_id"),
            traceID: try row.decode("trace_id"), concurrencyKey: try row.decode("concurrency_key"),
            expiresAt: try row.decode("expires_at"))
    }

    private init(
        id: UUID, namespace: String, type: String, spec: [UInt8], name: String?, labels: [UInt8], priority: Priority,
        timeoutSeconds: Int, maxAttempts: Int, crashes: Int, parallelism: Int?, parentID: UUID?, traceID: String?,
        concurrencyKey: String?, expiresAt: Date?
    ) {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", Self.schemaVersion)
        json.member("id", id)
        json.member("namespace", namespace)
        json.member("type", type)
        json.member("spec", raw: spec)
        if let name { json.member("name", name) }
        json.member("labels", raw: labels)
        json.member("priority", priority.word)
        json.member("timeout_seconds", timeoutSeconds)
        json.member("max_attempts", maxAttempts)
        if let parallelism { json.member("parallelism", parallelism) }
        if let parentID { json.member("parent_id", parentID) }
        if let traceID { json.member("trace_id", traceID) }
        if let concurrencyKey { json.member("concurrency_key", concurrencyKey) }
        if let expiresAt { json.member("expires_at", expiresAt) }
        json.endObject()
        self.id = id
        self.type = type
        var message = Message(body: json.bytes)
        message.messageID = id.text
        message.contentType = "application/json"
        message.appID = Topics.dispatcher
        message.isPersistent = true
        if crashes > 0 { message.headers[Topics.crashesHeader] = .int(Int64(crashes)) }
        self.message = message
    }
}

/// A message that is not a command, with the word and the sentence for its dead letter.
public struct CommandError: Error, Sendable {
    /// Why, in a word.
    public let reason: String
    /// Why, in a sentence.
    public let detail: String
    /// The id, when it could be read.
    public let job: UUID?

    /// Makes the error.
    public init(reason: String, detail: String, job: UUID?) {
        self.reason = reason
        self.detail = detail
        self.job = job
    }
}

extension Command {
    /// The id that a command says it is for, read from the message's properties alone; nil unless a dispatcher wrote it.
    public static func dispatchedID(_ message: Message) -> UUID? {
        guard message.appID == Topics.dispatcher, let text = message.messageID else { return nil }
        return UUID(text: text)
    }

    /// How many workers the job had taken down when the command was written.
    public static func crashes(_ message: Message) -> Int {
        guard case .int(let crashes)? = message.headers[Topics.crashesHeader] else { return 0 }
        return Int(crashes)
    }

    /// Reads a stranger's command, held to the same rules as a REST request.
    ///
    /// - Parameter origin: a command that was ours (of a job whose row is lost, or sent again from the dead letters) has its secrets sealed.
    public static func read(
        _ message: Message, catalogue: TypeCatalogue, versions: Set<Int> = readableVersions,
        from origin: SpecOrigin = .stored
    ) throws(CommandError) -> Submission {
        let json: JSON
        do {
            json = try JSON.parse(message.body)
        } catch {
            // What the parser says it has found "near" quotes the body, secrets and all, and this goes into logs.
            let words = error.description.split(separator: " near ", maxSplits: 1).first ?? ""
            throw CommandError(reason: "malformed", detail: "The body is not JSON: \(words)", job: nil)
        }
        guard case .object(var fields) = json else {
            throw CommandError(reason: "malformed", detail: "The body must be a JSON object.", job: nil)
        }
        let version = fields["schema"] ?? .int(Int64(schemaVersion))
        guard let number = version.intValue, versions.contains(number) else {
            let known = versions.sorted().map(String.init).joined(separator: ", ")
            throw CommandError(
                reason: "unknown_schema",
                detail: "The command's schema is \(version); this worker reads \(known).", job: nil)
        }
        guard let id = fields["id"]?.stringValue.flatMap(UUID.init(text:)) else {
            throw CommandError(
                reason: "invalid_field",
                detail: "/id: a UUID is required; it is what makes a repeated command one job.", job: nil)
        }
        guard let namespace = fields["namespace"]?.stringValue, !namespace.isEmpty, namespace.utf8.count <= 63 else {
            throw CommandError(
                reason: "invalid_field", detail: "/namespace: a name of 1 to 63 bytes is required.", job: id)
        }
        guard fields["depends_on"] == nil else {
            throw CommandError(
                reason: "invalid_field", detail: "/depends_on: only the HTTP API takes jobs that wait for others.",
                job: id)
        }
        fields["schema"] = nil
        fields["id"] = nil
        fields["namespace"] = nil
        do {
            return try Submission.read(
                .object(fields), id: id, namespace: namespace, catalogue: catalogue, from: origin)
        } catch {
            throw CommandError(reason: error.kind.rawValue, detail: error.description, job: id)
        }
    }
}
