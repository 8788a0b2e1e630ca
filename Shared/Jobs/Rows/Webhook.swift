import Foundation
import JSON
import Postgres

/// A subscription: which events of a namespace are sent where.
public struct Webhook: Sendable, Representation {
    /// Whether events are collected and sent.
    public enum Status: String, Sendable, CaseIterable {
        case active
        /// Nothing is collected; what was pending ends as `exhausted`.
        case disabled
    }

    /// The subscription's id.
    public let id: UUID
    /// The tenant whose events it gets.
    public let namespace: String
    /// Where deliveries are posted to.
    public var url: String
    /// A word for people.
    public var description: String
    /// Only events of jobs of these types; of all when empty.
    public var types: [String]
    /// Only these events: statuses, `progress`, `checkpoint`.
    public var events: [String]
    /// Only events of jobs with all of these labels.
    public var labels: JSON
    /// Whether events are collected and sent.
    public var status = Status.active
    /// Why it is disabled: `request`, `gone` (the receiver answered 410), `failing` (for too long).
    public var disabledReason: String?
    /// When it was disabled.
    public var disabledAt: Date?
    /// Since when every delivery has failed.
    public var failingSince: Date?
    /// How the last failed delivery failed.
    public var lastError: String?
    /// Until when deliveries are signed with the secret before the current one too.
    public var previousSecretUntil: Date?
    /// When it was made.
    public var createdAt = Date()

    /// Makes an active subscription.
    public init(
        id: UUID, namespace: String, url: String, description: String, types: [String], events: [String], labels: JSON
    ) {
        self.id = id
        self.namespace = namespace
        self.url = url
        self.description = description
        self.types = types
        self.events = events
        self.labels = labels
    }

    /// What a subscription gets when its client does not say: every change of status.
    public static let defaultEvents = JobStatus.allCases.map(\.rawValue)

    /// What clients may set.
    public static let settings: JSON = [
        "url": Schema.text(max: 2048).described("http or https, without user and password."),
        "description": ["type": "string", "maxLength": 200],
        "types": Schema.list(Schema.text(max: 100), 0...100).described("Only jobs of these types; all when empty."),
        "events": [
            "type": "array", "items": Schema.word(OutgoingEvent.words), "minItems": 1, "uniqueItems": true,
            "description": "Statuses, `progress`, `checkpoint` and `pull_request`; every status when absent.",
        ],
        "labels": [
            "type": "object", "maxProperties": 32, "propertyNames": ["minLength": 1, "maxLength": 63],
            "additionalProperties": ["type": "string", "maxLength": 255],
            "description": "Only jobs with all of these labels.",
        ],
    ]

    /// What `write` writes.
    public static let schema = Schema.answer("A subscription to events.", answered)

    fileprivate static let answered: JSON = [
        "id": Schema.uuid, "url": Schema.text, "description": Schema.text, "types": Schema.list(Schema.text),
        "events": Schema.list(Schema.word(OutgoingEvent.words)), "labels": Schema.map(Schema.text),
        "status": Schema.word(Status.allCases.map(\.rawValue)),
        "disabled_reason": Schema.text.orNull.described("`request`, `gone` (410) or `failing`."),
        "disabled_at": Schema.time.orNull, "failing_since": Schema.time.orNull, "last_error": Schema.text.orNull,
        "previous_secret_until": Schema.time.orNull.described("Until then the secret before signs too."),
        "created_at": Schema.time,
    ]

    /// Appends the subscription as clients see it, without its secret.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("url", url)
        json.member("description", description)
        json.member("types", types)
        json.member("events", events)
        json.member("labels", labels)
        json.member("status", status.rawValue)
        json.member("disabled_reason", disabledReason)
        json.member("disabled_at", disabledAt)
        json.member("failing_since", failingSince)
        json.member("last_error", lastError)
        json.member("previous_secret_until", previousSecretUntil)
        json.member("created_at", createdAt)
    }
}

/// A subscription with its secret, shown when the secret is made and never again.
public struct WebhookWithSecret: Sendable, Representation {
    /// The subscription.
    public let webhook: Webhook
    /// `whsec_` and the key in base64.
    public let secret: String

    /// Puts the two together.
    public init(webhook: Webhook, secret: String) {
        self.webhook = webhook
        self.secret = secret
    }

    /// What `write` writes.
    public static let schema: JSON = {
        var members = Webhook.answered.objectValue ?? [:]
        members["secret"] = Schema.text.described("The key of the signatures; it cannot be read again.")
        return Schema.answer("A subscription with its new secret.", .object(members))
    }()

    /// Appends both as one object.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        webhook.writeMembers(to: &json)
        json.member("secret", secret)
        json.endObject()
    }
}

extension JobStore {
    /// Adds a subscription; nil when the namespace has `limit` of them already.
    ///
    /// - Parameter secret: the signing key, sealed.
    public func add(_ webhook: Webhook, secret: [UInt8], limit: Int) async throws -> Webhook? {
        try await database.query(
            """
            INSERT INTO webhooks (id, namespace, url, description, types, events, labels, secret)
            SELECT \(webhook.id), \(webhook.namespace), \(webhook.url), \(webhook.description), \(webhook.types), \(webhook.events),
                \(JSONText(webhook.labels.serialized())), \(secret)
            WHERE (SELECT count(*) FROM webhooks WHERE namespace = \(webhook.namespace)) < \(limit)
            RETURNING \(Self.columns)
            """
        ).first.map(Webhook.init(row:))
    }

    /// A namespace's subscriptions, the newest first.
    public func webhooks(namespace: String, before id: UUID?, limit: Int) async throws -> [Webhook] {
        let last = id ?? UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
        return try await database.query(
            """
            SELECT \(Self.columns) FROM webhooks
            WHERE namespace = \(namespace) AND id < \(last) ORDER BY id DESC LIMIT \(limit)
            """
        ).map(Webhook.init(row:))
    }

    /// One subscription.
    public func webhook(_ id: UUID, namespace: String) async throws -> Webhook? {
        try await database.query(
            "SELECT \(Self.columns) FROM webhooks WHERE id = \(id) AND namespace = \(namespace)"
        ).first.map(Webhook.init(row:))
    }

    /// Changes what is not nil. Making it active forgets its failures.
    public func change(
        _ id: UUID, namespace: String, url: String?, description: String?, types: [String]?, events: [String]?,
        labels: JSON?, status: Webhook.Status?
    ) async throws -> Webhook? {
        let word = status?.rawValue
        return try await database.query(
            """
            UPDATE webhooks SET url = coalesce(\(url as String?), url), description = coalesce(\(description as String?), description),
                types = coalesce(\(types as [String]?), types), events = coalesce(\(events as [String]?), events),
                labels = coalesce(\(labels.map { JSONText($0.serialized()) } as JSONText?), labels),
                status = coalesce(\(word as String?), status),
                failing_since = CASE WHEN \(word as String?) = 'active' THEN NULL ELSE failing_since END,
                disabled_reason = CASE \(word as String?) WHEN 'active' THEN NULL WHEN 'disabled' THEN coalesce(disabled_reason, 'request')
                    ELSE disabled_reason END,
                disabled_at = CASE \(word as String?) WHEN 'active' THEN NULL WHEN 'disabled' THEN coalesce(disabled_at, now())
                    ELSE disabled_at END,
                updated_at = now()
            WHERE id = \(id) AND namespace = \(namespace)
            RETURNING \(Self.columns)
            """
        ).first.map(Webhook.init(row:))
    }

    /// Gives a subscription a new secret; the one before signs for as long as `overlap` too.
    public func rotateSecret(
        of id: UUID, namespace: String, to secret: [UInt8], overlap: Duration
    ) async throws -> Webhook? {
        try await database.query(
            """
            UPDATE webhooks SET previous_secret = secret, secret = \(secret),
                previous_until = now() + \(overlap.seconds) * interval '1 second', updated_at = now()
            WHERE id = \(id) AND namespace = \(namespace)
            RETURNING \(Self.columns)
            """
        ).first.map(Webhook.init(row:))
    }

    /// Removes a subscription. Its deliveries can no longer be read, and go with their age.
    public func removeWebhook(_ id: UUID, namespace: String) async throws -> Bool {
        try await !database.query(
            "DELETE FROM webhooks WHERE id = \(id) AND namespace = \(namespace) RETURNING id"
        ).isEmpty
    }

    private static var columns: Statement {
        """
        id, namespace, url, description, types, events, labels, status, disabled_reason, disabled_at, failing_since, last_error,
        CASE WHEN previous_until > now() THEN previous_until END AS previous_until, created_at
        """
    }
}

extension Webhook {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), url: try row.decode("url"),
            description: try row.decode("description"), types: try row.decode("types"),
            events: try row.decode("events"),
            labels: try JSON.parse(try row.decode("labels", as: JSONText.self).bytes))
        status = Status(rawValue: try row.decode("status")) ?? .disabled
        disabledReason = try row.decode("disabled_reason")
        disabledAt = try row.decode("disabled_at")
        failingSince = try row.decode("failing_since")
        lastError = try row.decode("last_error")
        previousSecretUntil = try row.decode("previous_until")
        createdAt = try row.decode("created_at")
    }
}
