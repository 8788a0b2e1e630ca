import Crypto
import Foundation
import Postgres

/// What a key allows.
public enum Scope: String, Sendable, CaseIterable {
    case read
    case submit
    case control
    /// Everything, and what operators do.
    case admin
}

/// A client's key. The key itself is random, shown once, and stored only as its SHA-256: it has 256 bits of entropy, so a slow
/// password hash would add nothing.
public struct APIKey: Sendable {
    /// The key's id, which is not secret.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// A name for people.
    public let name: String
    /// What the key allows.
    public let scopes: Set<Scope>

    /// Whether the key allows this.
    public func allows(_ scope: Scope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }
}

extension JobStore {
    /// Makes a key; answers its text, which cannot be read again.
    public func createKey(namespace: String, name: String, scopes: Set<Scope>) async throws -> String {
        let key = APIKeyText.generate()
        _ = try await database.query(
            """
            INSERT INTO api_keys (id, namespace, name, hash, scopes)
            VALUES (\(UUIDv7.generate()), \(namespace), \(name), \(key.hash),
                \(scopes.map(\.rawValue).sorted()))
            """)
        return key.text
    }

    /// The key that a client has sent, unless it was revoked.
    public func key(_ text: APIKeyText) async throws -> APIKey? {
        try await database.query(
            """
            SELECT id, namespace, name, scopes FROM api_keys
            WHERE hash = \(text.hash) AND revoked_at IS NULL
            """
        ).first.map { row in
            APIKey(
                id: try row.decode("id"), namespace: try row.decode("namespace"), name: try row.decode("name"),
                scopes: Set(try row.decode("scopes", as: [String].self).compactMap(Scope.init(rawValue:))))
        }
    }

    /// Whether any key that is not revoked exists.
    public func hasKey() async throws -> Bool {
        try await !database.query("SELECT id FROM api_keys WHERE revoked_at IS NULL LIMIT 1").isEmpty
    }
}
