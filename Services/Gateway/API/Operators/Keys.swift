import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// Keys are managed by keys with the scope `admin`, each in its own namespace. One that has `operator` too manages those of all
/// namespaces. No key makes, renews or ends one that may do more, or for longer, than it may itself; of keys in other namespaces
/// it knows nothing (404).
extension Gateway {
    /// `GET /keys`: the newest first, without the keys themselves; operators may name another `namespace`, or `*` for all.
    func listKeys(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let keys = try await store.keys(
            namespace: try call.managedNamespace(), before: try call.text("cursor").map(Cursor.job),
            limit: limit)
        return .page("keys", keys, limit: limit) { Cursor.text($0.key.id) }
    }

    /// `GET /keys/{id}`: one key, without the key itself.
    func getKey(_ call: Call) async throws -> HTTPResponse { answer(try await record(call)) }

    /// `POST /keys`: makes a key and shows it, once.
    func makeKey(_ call: Call) async throws -> HTTPResponse {
        let fields = call.json
        let namespace = fields["namespace"]?.stringValue ?? call.namespace
        let scopes = Set((fields["scopes"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Scope.init) })
        let expiry = fields["expires_at"]?.stringValue.flatMap { Date(rfc3339: $0) } ?? call.key.expiresAt
        if let expiry, expiry <= Date() {
            throw Problem.expiresInThePast
        }
        let id = UUIDv7.generate()
        let entry = call.entry(
            "key.create", on: "keys/\(id.text)",
            details: [
                "namespace": .string(namespace),
                "scopes": .array(scopes.map(\.rawValue).sorted().map { .string($0) }),
            ])
        let text = try await audited(entry, isWritten: true) {
            guard call.key.covers(namespace: namespace, scopes: scopes, expiresAt: expiry) else {
                throw Problem.grantsMore
            }
            return try await store.createKey(
                namespace: namespace, name: fields["name"]?.stringValue ?? "", scopes: scopes, expiresAt: expiry,
                id: id, entry: entry)
        }
        guard let made = try await store.key(id, namespace: nil) else { throw Problem.notFound("key") }
        return answer(
            made, text: text, status: 201, headers: [("Location", "/api/v1/keys/" + id.text)])
    }

    /// `POST /keys/{id}/rotate`: gives the key a new text and shows it, once; the old one works on for `grace_seconds`.
    func rotateKey(_ call: Call) async throws -> HTTPResponse {
        let grace = call.json["grace_seconds"]?.intValue ?? 0
        let record = try await record(call)
        let entry = call.entry(
            "key.rotate", on: "keys/\(record.key.id.text)", details: ["grace_seconds": .int(Int64(grace))])
        let text = try await audited(entry, isWritten: true) {
            guard call.key.covers(record.key) else { throw Problem.grantsMore }
            let text = try await store.rotateKey(record.key.id, grace: .seconds(grace), entry: entry)
            guard let text else { throw Problem.keyHasEnded }
            return text
        }
        guard let now = try await store.key(record.key.id, namespace: nil) else { throw Problem.notFound("key") }
        return answer(now, text: text)
    }

    /// `POST /keys/{id}/revoke`: the key works no more, at every gateway within five seconds. The last one with `admin` or with
    /// `operator` only goes with `force=true`.
    func revokeKey(_ call: Call) async throws -> HTTPResponse {
        let force = call.flag("force")
        let record = try await record(call)
        let entry = call.entry("key.revoke", on: "keys/\(record.key.id.text)", details: ["force": .bool(force)])
        try await audited(entry, isWritten: true) {
            guard record.key.scopes.allSatisfy(call.key.allows) else { throw Problem.grantsMore }
            if case .last(let scope) = try await store.revokeKey(record.key.id, force: force, entry: entry) {
                throw Problem.lastKey(scope)
            }
        }
        guard let now = try await store.key(record.key.id, namespace: nil) else { throw Problem.notFound("key") }
        return answer(now)
    }

    private func record(_ call: Call) async throws -> KeyRecord {
        guard let id = UUID(text: call.parameters[0]),
            let record = try await store.key(id, namespace: call.visibleNamespace)
        else { throw Problem.notFound("key") }
        return record
    }

    private func answer(
        _ record: KeyRecord, text: String? = nil, status: Int = 200, headers: [(String, String)] = []
    ) -> HTTPResponse {
        var json = JSONWriter()
        record.write(to: &json, text: text)
        // The key itself must not lie in anybody's cache.
        return HTTPResponse(json: json, status: status, headers: headers + [("Cache-Control", "no-store")])
    }
}

extension APIKey {
    func covers(_ other: APIKey) -> Bool {
        covers(namespace: other.namespace, scopes: other.scopes, expiresAt: other.expiresAt)
    }
}

extension Problem {
    static let grantsMore = Problem(
        .grantsMore, "The key would allow more than the key of this request, in another namespace, or for longer.")
    static let keyHasEnded = Problem(.keyEnded, "The key was revoked or has expired. Make a new one.")
    static let expiresInThePast = Problem(
        .invalidField, "A key expires in the future.",
        violations: [Violation(at: "/expires_at", rule: "minimum", message: "a time in the future is required")])
    static func lastKey(_ scope: Scope) -> Problem {
        Problem(
            .lastKey,
            "It is the installation's last key with the scope \(scope.rawValue). Make another one first, or add force=true."
        )
    }
}
