import Foundation
import HTTPServer
import Jobs
import Synchronization

/// Finds the key of a request. Keys are remembered for a few seconds, so that a revoked one soon stops working and a busy one does
/// not cost a query for each request.
final class Authentication: Sendable {
    /// What is known of a request before its body is read.
    enum FirstLook {
        case refused(Problem)
        case accepted
        /// The database has to be asked.
        case unknown
    }

    private struct Entry {
        let key: APIKey?
        var until: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(5)
    /// How much longer the others use an entry while the first one who found it old asks again.
    private static let renewal: Duration = .seconds(1)
    private static let maxEntries = 10_000

    private let store: JobStore
    private let entries = Mutex<[String: Entry]>([:])

    init(_ store: JobStore) { self.store = store }

    /// Judges a request by its head alone, so that the body of a stranger is never taken in.
    func look(at head: RequestHead, scope: Scope) -> FirstLook {
        guard let text = Self.text(in: head.headers) else { return .refused(.unauthenticated) }
        guard let entry = entries.withLock({ $0[text] }), entry.until > .now else { return .unknown }
        do {
            _ = try Self.check(entry.key, scope)
            return .accepted
        } catch {
            return .refused(error)
        }
    }

    /// The request's key, when it has the scope.
    func key(of request: HTTPRequest, scope: Scope) async throws -> APIKey {
        guard let text = Self.text(in: request.headers) else { throw Problem.unauthenticated }
        return try Self.check(try await key(text), scope)
    }

    private static func check(_ key: APIKey?, _ scope: Scope) throws(Problem) -> APIKey {
        guard let key else { throw .unauthenticated }
        guard key.allows(scope) else { throw .forbidden(scope) }
        return key
    }

    private func key(_ text: String) async throws -> APIKey? {
        if let entry = fresh(text) { return entry.key }
        let key = try await store.key(text: text)
        entries.withLock { entries in
            if entries.count >= Self.maxEntries { entries.removeAll() }
            entries[text] = Entry(key: key, until: .now + Self.lifetime)
        }
        return key
    }

    private func fresh(_ text: String) -> Entry? {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            guard let entry = entries[text] else { return nil }
            if entry.until > now { return entry }
            // Whoever finds it old first asks; without this, every request of the moment would.
            if entry.until + Self.renewal > now { entries[text]?.until = now + Self.renewal }
            return nil
        }
    }

    private static func text(in headers: HTTPHeaders) -> String? {
        guard let text = headers["X-API-Key"] ?? bearer(headers), (1...200).contains(text.utf8.count) else {
            return nil
        }
        return text
    }

    private static func bearer(_ headers: HTTPHeaders) -> String? {
        guard let value = headers["Authorization"] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
