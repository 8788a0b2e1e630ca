import Foundation
import JSON

/// What a key allows.
public enum Scope: String, Sendable, CaseIterable {
    case read
    case submit
    case control
    /// Everything in the key's own namespace, and the keys of that namespace.
    case admin
    /// What belongs to the installation and to no namespace: queues, workers, dead letters, the audit log and keys of all namespaces.
    case `operator`
}

/// A client's key. The key itself is random, shown once, and stored only as its SHA-256: it has 256 bits of entropy, so a slow
/// password hash would add nothing.
public struct APIKey: Sendable {
    /// The key's id, which is not secret and outlives a rotation.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// A name for people.
    public let name: String
    /// What the key allows.
    public let scopes: Set<Scope>
    /// When it ends by itself.
    public let expiresAt: Date?

    /// Makes a key's description.
    public init(id: UUID, namespace: String, name: String, scopes: Set<Scope>, expiresAt: Date? = nil) {
        self.id = id
        self.namespace = namespace
        self.name = name
        self.scopes = scopes
        self.expiresAt = expiresAt
    }

    /// Whether the key allows this.
    public func allows(_ scope: Scope) -> Bool {
        scopes.contains(scope) || (scope != .operator && scopes.contains(.admin))
    }

    /// Whether this key may make, renew or end one that allows so much for so long: nobody gives more than they have.
    public func covers(namespace: String, scopes: Set<Scope>, expiresAt: Date?) -> Bool {
        guard namespace == self.namespace || allows(.operator), scopes.allSatisfy(allows) else { return false }
        guard let end = self.expiresAt else { return true }
        return expiresAt.map { $0 <= end } ?? false
    }
}

/// A key as its managers see it: everything but the key itself.
public struct KeyRecord: Sendable, Representation {
    /// What the key is.
    public let key: APIKey
    /// The key that made it; nil for one made on the command line.
    public let createdBy: UUID?
    /// When it was made.
    public let createdAt: Date
    /// When it was last used, to the minute.
    public let lastUsedAt: Date?
    /// When its text was last replaced.
    public let rotatedAt: Date?
    /// Until when the text before that one works too.
    public let previousUntil: Date?
    /// When it was ended.
    public let revokedAt: Date?

    /// `Key`.
    public static let schemaName = "Key"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "An API key.",
        [
            "id": Schema.uuid, "key": Schema.text.described("The key itself: shown once, where it was made."),
            "namespace": Schema.text, "name": Schema.text,
            "scopes": Schema.list(Schema.word(Scope.allCases.map(\.rawValue))),
            "created_by": Schema.uuid.orNull.described("The key that made it; null for the command line."),
            "created_at": Schema.time, "expires_at": Schema.time.orNull,
            "last_used_at": Schema.time.orNull.described("To the minute."), "rotated_at": Schema.time.orNull,
            "previous_until": Schema.time.orNull.described("Until when the key before the last rotation works too."),
            "revoked_at": Schema.time.orNull,
        ], optional: ["key"])

    /// Appends the key as its managers see it.
    public func write(to json: inout JSONWriter) { write(to: &json, text: nil) }

    /// Appends the key with its text, right after that was made.
    public func write(to json: inout JSONWriter, text: String?) {
        json.beginObject()
        json.member("id", key.id)
        if let text { json.member("key", text) }
        json.member("namespace", key.namespace)
        json.member("name", key.name)
        json.key("scopes")
        json.beginArray()
        for scope in Scope.allCases where key.scopes.contains(scope) { json.value(scope.rawValue) }
        json.endArray()
        json.member("created_by", createdBy)
        json.member("created_at", createdAt)
        json.member("expires_at", key.expiresAt)
        json.member("last_used_at", lastUsedAt)
        json.member("rotated_at", rotatedAt)
        json.member("previous_until", previousUntil)
        json.member("revoked_at", revokedAt)
        json.endObject()
    }
}
