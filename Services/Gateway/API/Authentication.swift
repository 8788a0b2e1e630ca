import Foundation
import HTTPServer
import Jobs
import Synchronization

/// Finds the key of a request. Keys are remembered for a few seconds, so that a revoked one soon stops working and a busy one does
/// not cost a query for each request.
final class Authentication: Sendable {
    private struct Entry {
        let key: APIKey?
        let until: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(5)
    private static let maxEntries = 10_000

    private let store: JobStore
    private let entries = Mutex<[String: Entry]>([:])

    init(_ store: JobStore) { self.store = store }

    /// The request's key, when it has the scope.
    func key(of request: HTTPRequest, scope: Scope) async throws -> APIKey {
        guard let text = Self.text(of: request), text.utf8.count <= 200, let key = try await key(text) else {
            throw Problem.unauthenticated
        }
        guard key.allows(scope) else { throw Problem.forbidden(scope) }
        return key
    }

    private func key(_ text: String) async throws -> APIKey? {
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[text] }), entry.until > now { return entry.key }
        let key = try await store.key(text: text)
        entries.withLock { entries in
            if entries.count >= Self.maxEntries { entries.removeAll() }
            entries[text] = Entry(key: key, until: now + Self.lifetime)
        }
        return key
    }

    private static func text(of request: HTTPRequest) -> String? {
        if let key = request.headers["X-API-Key"] { return key }
        guard let value = request.headers["Authorization"] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
