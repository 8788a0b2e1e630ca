import Crypto
import Foundation
import HTTPServer
import Jobs
import Synchronization
import Telemetry

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
        let key: APIKey
        var until: ContinuousClock.Instant
        /// Whether a request had it since the last note.
        var isUsed = true
    }

    private struct Memory {
        var keys: [String: Entry] = [:]
        var misses: [String: ContinuousClock.Instant] = [:]
    }

    private static let lifetime: Duration = .seconds(5)
    /// How much longer the others use an entry while the first one who found it old asks again.
    private static let renewal: Duration = .seconds(1)
    private static let maxEntries = 10_000
    /// Keys that do not exist are remembered apart, so that guesses do not drive out the real ones.
    private static let maxMisses = 1000

    private let store: JobStore
    private let memory = Mutex(Memory())

    init(_ store: JobStore) { self.store = store }

    /// Judges a request by its head alone, so that the body of a stranger is never taken in.
    func look(at head: RequestHead, scope: Scope) -> FirstLook {
        guard let text = Self.text(in: head.headers) else { return .refused(.unauthenticated) }
        guard let known = remembered(text) else { return .unknown }
        do {
            _ = try Self.check(known, scope)
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

    /// Writes down once a minute which keys were used, until cancelled. What a crash forgets is a minute's use.
    func noteUse(log: Logger) async throws {
        while true {
            try await Task.sleep(for: .seconds(60))
            let used = takeUsed()
            guard !used.isEmpty else { continue }
            do { try await store.markUsed(used) } catch {
                log.warning("the use of keys is not noted", ["error": .error(error)])
            }
        }
    }

    private func takeUsed() -> [UUID] {
        memory.withLock { memory in
            let used = memory.keys.filter(\.value.isUsed)
            for text in used.keys { memory.keys[text]?.isUsed = false }
            return used.values.map(\.key.id)
        }
    }

    private static func check(_ key: APIKey?, _ scope: Scope) throws(Problem) -> APIKey {
        guard let key else { throw .unauthenticated }
        guard key.allows(scope) else { throw .forbidden(scope) }
        return key
    }

    private func key(_ text: APIKeyText) async throws -> APIKey? {
        if let known = remembered(text, renewing: true) { return known }
        let key = try await store.key(text)
        let until = ContinuousClock.now + Self.lifetime
        memory.withLock { memory in
            if let key {
                if memory.keys.count >= Self.maxEntries { memory.keys.removeAll() }
                memory.keys[text.text] = Entry(key: key, until: until)
            } else {
                if memory.misses.count >= Self.maxMisses { memory.misses.removeAll() }
                memory.misses[text.text] = until
                memory.keys[text.text] = nil
            }
        }
        return key
    }

    /// - Parameter renewing: whether the caller will ask the database when there is nothing to remember.
    /// - Returns: the key, nil inside for one that does not exist; nil when the database has to be asked.
    private func remembered(_ text: APIKeyText, renewing: Bool = false) -> APIKey?? {
        let now = ContinuousClock.now
        return memory.withLock { memory in
            if let until = memory.misses[text.text], until > now { return .some(nil) }
            guard let entry = memory.keys[text.text] else { return nil }
            if entry.until > now {
                if !entry.isUsed { memory.keys[text.text]?.isUsed = true }
                return .some(entry.key)
            }
            // Whoever finds it old first asks; without this, every request of the moment would.
            if renewing, entry.until + Self.renewal > now { memory.keys[text.text]?.until = now + Self.renewal }
            return nil
        }
    }

    /// What has not the form of a key costs no query.
    private static func text(in headers: HTTPHeaders) -> APIKeyText? {
        (headers["X-API-Key"] ?? bearer(headers)).flatMap(APIKeyText.init)
    }

    private static func bearer(_ headers: HTTPHeaders) -> String? {
        guard let value = headers["Authorization"] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
