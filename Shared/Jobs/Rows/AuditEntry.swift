import Foundation
import JSON
import Postgres

/// One action of an operator, an admin or a client in control of jobs: who did what to which object, from where, and how it ended.
///
/// The log is append-only (a trigger refuses changes) and goes by whole time partitions. Where the action has a transaction its
/// entry is written in it; else right after, and a crash between the two leaves the action without its entry.
public struct AuditEntry: Sendable, Representation {
    /// Its number, growing with time.
    public var sequence: Int64 = 0
    /// When it was written.
    public var at = Date()
    /// The namespace of the key that did it.
    public var namespace: String
    /// The key that did it; nil for the command line.
    public var keyID: UUID?
    /// The key's name at that time.
    public var keyName: String
    /// The numeric address that the request came from.
    public var address: String
    /// Kind of object and verb, such as `worker.drain`.
    public var action: String
    /// What it was done to, as a path below `/api/v1`, such as `workers/noop-1`.
    public var object: String
    /// `done`, or the code of the problem that it was refused with.
    public var outcome = "done"
    /// More about it, a JSON object.
    public var details: JSON

    /// Makes an entry; the database gives number and time.
    public init(by key: APIKey, from address: String, action: String, object: String, details: JSON = [:]) {
        self.init(
            namespace: key.namespace, keyID: key.id, keyName: key.name, address: address, action: action,
            object: object, details: details)
    }

    fileprivate init(
        namespace: String, keyID: UUID?, keyName: String, address: String, action: String, object: String, details: JSON
    ) {
        self.namespace = namespace
        self.keyID = keyID
        self.keyName = keyName
        self.address = address
        self.action = action
        self.object = object
        self.details = details
    }

    /// What somebody with the database's address did on the command line.
    public static func commandLine(_ action: String, on object: String, namespace: String) -> AuditEntry {
        AuditEntry(
            namespace: namespace, keyID: nil, keyName: "command line", address: "", action: action, object: object,
            details: [:])
    }

    /// The entry as a statement of the action's own transaction.
    public var statement: Statement {
        """
        INSERT INTO audit (namespace, key_id, key_name, address, action, object, outcome, details)
        VALUES (\(namespace), \(keyID as UUID?), \(keyName), \(address), \(action), \(object), \(outcome),
            \(JSONText(replacingNUL: Redaction.hide(details.serialized()))))
        """
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One action: who did what to which object, from where, and how it ended.",
        [
            "seq": Schema.count, "at": Schema.time, "namespace": Schema.text.described("Of the key that did it."),
            "key_id": Schema.uuid.orNull.described("Null for the command line."), "key_name": Schema.text,
            "address": Schema.text, "action": Schema.text.described("Kind of object and verb, such as `worker.drain`."),
            "object": Schema.text.described("Its path below /api/v1."),
            "outcome": Schema.text.described("`done`, or the code of the problem."), "details": Schema.anyObject,
        ])

    /// Appends the entry as operators see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("seq", Int(sequence))
        json.member("at", at)
        json.member("namespace", namespace)
        json.member("key_id", keyID)
        json.member("key_name", keyName)
        json.member("address", address)
        json.member("action", action)
        json.member("object", object)
        json.member("outcome", outcome)
        json.member("details", raw: details.serialized())
        json.endObject()
    }
}

/// Which entries of the audit log a list shows.
public struct AuditFilter: Sendable {
    /// Only what keys of this namespace did.
    public var namespace: String?
    /// Only this action, such as `worker.drain`.
    public var action: String?
    /// Only what was done to this object, such as `workers/noop-1`.
    public var object: String?
    /// Only what this key did.
    public var keyID: UUID?
    /// Only entries from this time on.
    public var since: Date?
    /// Only entries before this time.
    public var until: Date?
    /// Only entries before this one in the list's order: the cursor.
    public var before: Int64?
    /// The most entries of a page.
    public var limit: Int

    /// Makes a filter; without changes it shows the newest entries.
    public init(limit: Int = 50) { self.limit = limit }
}

extension JobStore {
    /// Writes an entry in a transaction of its own.
    public func write(_ entry: AuditEntry) async throws { try await database.query(entry.statement) }

    /// The entries that a filter lets through, the newest first.
    public func auditLog(_ filter: AuditFilter) async throws -> [AuditEntry] {
        var statement: Statement = """
            SELECT seq, at, namespace, key_id, key_name, address, action, object, outcome, details FROM audit WHERE true
            """
        if let namespace = filter.namespace { statement.append(" AND namespace = \(namespace)") }
        if let action = filter.action { statement.append(" AND action = \(action)") }
        if let object = filter.object { statement.append(" AND object = \(object)") }
        if let keyID = filter.keyID { statement.append(" AND key_id = \(keyID)") }
        if let since = filter.since { statement.append(" AND at >= \(since)") }
        if let until = filter.until { statement.append(" AND at < \(until)") }
        if let before = filter.before { statement.append(" AND seq < \(before)") }
        statement.append(" ORDER BY seq DESC LIMIT \(filter.limit)")
        return try await database.query(statement).map { row in
            var entry = AuditEntry(
                namespace: try row.decode("namespace"), keyID: try row.decode("key_id"),
                keyName: try row.decode("key_name"), address: try row.decode("address"),
                action: try row.decode("action"), object: try row.decode("object"),
                details: try JSON.parse(row.decode("details", as: JSONText.self).bytes))
            entry.sequence = try row.decode("seq")
            entry.at = try row.decode("at")
            entry.outcome = try row.decode("outcome")
            return entry
        }
    }
}
