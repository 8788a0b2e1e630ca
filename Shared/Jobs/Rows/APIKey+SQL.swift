import Crypto
import Foundation
import Postgres

extension JobStore {
    /// Makes a key; answers its text, which cannot be read again. Who may do so is judged by the caller.
    public func createKey(
        namespace: String, name: String, scopes: Set<Scope>, expiresAt: Date? = nil, id: UUID = UUIDv7.generate(),
        entry: AuditEntry? = nil
    ) async throws -> String {
        let key = APIKeyText.generate()
        let entry = entry ?? .commandLine("key.create", on: "keys/\(id.text)", namespace: namespace)
        try await database.pipeline([
            """
            INSERT INTO api_keys (id, namespace, name, hash, scopes, expires_at, created_by)
            VALUES (\(id), \(namespace), \(name), \(key.hash), \(scopes.map(\.rawValue).sorted()), \(expiresAt as Date?),
                \(entry.keyID as UUID?))
            """,
            entry.statement,
        ])
        return key.text
    }

    /// The key that a client has sent, unless it was revoked or has expired. The text before the last one works too until its grace
    /// ends.
    public func key(_ text: APIKeyText) async throws -> APIKey? {
        try await database.query(
            """
            SELECT id, namespace, name, scopes, expires_at FROM api_keys
            WHERE (hash = \(text.hash) OR (previous_hash = \(text.hash) AND previous_until > now()))
                AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            """
        ).first.map(APIKey.init(row:))
    }

    /// Whether any key that is not revoked exists.
    public func hasKey() async throws -> Bool {
        try await !database.query("SELECT id FROM api_keys WHERE revoked_at IS NULL LIMIT 1").isEmpty
    }

    /// The keys of a namespace, or of all when it is nil, the newest first.
    public func keys(namespace: String?, before: UUID?, limit: Int) async throws -> [KeyRecord] {
        var statement: Statement = "SELECT \(raw: keyColumns) FROM api_keys WHERE true"
        if let namespace { statement.append(" AND namespace = \(namespace)") }
        if let before { statement.append(" AND id < \(before)") }
        statement.append(" ORDER BY id DESC LIMIT \(limit)")
        return try await database.query(statement).map(KeyRecord.init(row:))
    }

    /// The key with this id in a namespace, or in any when it is nil.
    public func key(_ id: UUID, namespace: String?) async throws -> KeyRecord? {
        var statement: Statement = "SELECT \(raw: keyColumns) FROM api_keys WHERE id = \(id)"
        if let namespace { statement.append(" AND namespace = \(namespace)") }
        return try await database.query(statement).first.map(KeyRecord.init(row:))
    }

    /// Gives a key a new text and answers it; the old one works on for `grace`, and the one before that no more.
    ///
    /// - Returns: nil when the key was revoked or has expired.
    public func rotateKey(_ id: UUID, grace: Duration, entry: AuditEntry) async throws -> String? {
        let text = APIKeyText.generate()
        return try await database.transaction { session in
            let rows = try session.query(
                """
                UPDATE api_keys SET hash = \(text.hash), rotated_at = now(), previous_hash = hash,
                    previous_until = now() + \(grace.seconds) * interval '1 second'
                WHERE id = \(id) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
                RETURNING id
                """)
            guard !rows.isEmpty else { return nil }
            try session.query(entry.statement)
            return text.text
        }
    }

    /// What a request to revoke a key led to.
    public enum Revocation: Sendable, Hashable {
        /// It works no more, now or since before.
        case revoked
        /// No other key would allow this.
        case last(Scope)
    }

    /// Ends a key for good. Calling it twice changes nothing.
    ///
    /// - Parameter force: also when no other key of the installation has `admin`, or none has `operator`.
    public func revokeKey(_ id: UUID, force: Bool, entry: AuditEntry) async throws -> Revocation {
        try await database.transaction { session in
            // Two revocations at once must not each find the other's key still there.
            try session.query("SELECT pg_advisory_xact_lock(\(Self.revocationLock))")
            let scopes = try session.query(
                """
                SELECT scope FROM api_keys k, unnest(k.scopes) AS s (scope)
                WHERE k.id = \(id) AND k.revoked_at IS NULL AND scope IN ('admin', 'operator') AND NOT EXISTS (
                    SELECT 1 FROM api_keys o
                    WHERE o.id <> k.id AND o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > now())
                        AND s.scope = ANY(o.scopes))
                ORDER BY scope
                """)
            if !force, let row = scopes.first, let scope = Scope(rawValue: try row.decode("scope")) {
                return .last(scope)
            }
            let moved = try session.query(
                "UPDATE api_keys SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL RETURNING id")
            if !moved.isEmpty { try session.query(entry.statement) }
            return .revoked
        }
    }

    /// Notes that these keys were used, for those whose last note is more than a minute old.
    ///
    /// Rows that are locked are left out: another gateway notes the same keys in another order.
    public func markUsed(_ ids: [UUID]) async throws {
        _ = try await database.query(
            """
            WITH free AS (
                SELECT id FROM api_keys
                WHERE id = ANY(\(ids)) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
                FOR UPDATE SKIP LOCKED
            )
            UPDATE api_keys k SET last_used_at = now() FROM free WHERE k.id = free.id
            """)
    }

    private static let revocationLock: Int64 = 0x5377_6b65_7973
}

private let keyColumns: StaticString = """
    id, namespace, name, scopes, created_by, created_at, expires_at, last_used_at, rotated_at,
    CASE WHEN previous_until > now() THEN previous_until END AS previous_until, revoked_at
    """

extension APIKey {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), name: try row.decode("name"),
            scopes: Set(try row.decode("scopes", as: [String].self).compactMap(Scope.init(rawValue:))),
            expiresAt: try row.decode("expires_at"))
    }
}

extension KeyRecord {
    fileprivate init(row: Row) throws {
        self.init(
            key: try APIKey(row: row), createdBy: try row.decode("created_by"), createdAt: try row.decode("created_at"),
            lastUsedAt: try row.decode("last_used_at"), rotatedAt: try row.decode("rotated_at"),
            previousUntil: try row.decode("previous_until"), revokedAt: try row.decode("revoked_at"))
    }
}
