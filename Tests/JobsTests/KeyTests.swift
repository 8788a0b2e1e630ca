import Crypto
import Foundation
import Testing

@testable import Jobs

@Suite struct KeyTests {
    @Test func scopesAreKeptApart() {
        #expect(Scope.allCases.filter(adminKey(scopes: [.admin]).allows) == [.read, .submit, .control, .admin])
        #expect(Scope.allCases.filter(adminKey(scopes: [.operator]).allows) == [.operator])
        #expect(Scope.allCases.filter(adminKey(scopes: [.read]).allows) == [.read])
    }

    @Test func nobodyGivesMoreThanTheyHave() {
        let (soon, late) = (Date(timeIntervalSinceNow: 60), Date(timeIntervalSinceNow: 3600))
        let admin = adminKey(scopes: [.admin])
        #expect(admin.covers(namespace: "default", scopes: [.read, .submit, .control, .admin], expiresAt: nil))
        #expect(!admin.covers(namespace: "default", scopes: [.operator], expiresAt: nil))
        #expect(!admin.covers(namespace: "other", scopes: [.read], expiresAt: nil))
        #expect(adminKey().covers(namespace: "other", scopes: [.admin, .operator], expiresAt: nil))
        #expect(!adminKey(scopes: [.operator]).covers(namespace: "other", scopes: [.admin], expiresAt: nil))
        let ending = adminKey(expiresAt: late)
        #expect(ending.covers(namespace: "default", scopes: [.read], expiresAt: soon))
        #expect(!ending.covers(namespace: "default", scopes: [.read], expiresAt: nil))
        #expect(!adminKey(expiresAt: soon).covers(namespace: "default", scopes: [.read], expiresAt: late))
    }

    @Test func anExpiredKeyWorksNoMore() async throws {
        try await withStore { store in
            let text = try await store.createKey(
                namespace: "n", name: "k", scopes: [.read], expiresAt: Date(timeIntervalSinceNow: 3600))
            let key = try #require(try await store.find(text))
            #expect(key.expiresAt != nil && key.namespace == "n")
            try await store.database.query("UPDATE api_keys SET expires_at = now()")
            #expect(try await store.find(text) == nil)
            #expect(try await store.rotateKey(key.id, grace: .zero, entry: entry("key.rotate")) == nil)
        }
    }

    @Test func afterARotationTheOldTextWorksForItsGrace() async throws {
        try await withStore { store in
            let first = try await store.createKey(namespace: "n", name: "k", scopes: [.read])
            let id = try #require(try await store.find(first)).id
            let second = try #require(
                try await store.rotateKey(id, grace: .seconds(60), entry: entry("key.rotate")))
            for text in [first, second] { #expect(try await store.find(text)?.id == id) }
            #expect(try #require(try await store.key(id, namespace: "n")).previousUntil != nil)
            try await store.database.query("UPDATE api_keys SET previous_until = now()")
            #expect(try await store.find(first) == nil)
            #expect(try await store.find(second)?.id == id)
            // Without grace, and the text before the last one goes with the next rotation in any case.
            let third = try #require(try await store.rotateKey(id, grace: .zero, entry: entry("key.rotate")))
            #expect(try await store.find(second) == nil)
            #expect(try await store.find(third)?.id == id)
        }
    }

    @Test func theLastKeyOfAKindStaysUnlessForced() async throws {
        try await withStore { store in
            _ = try await store.createKey(namespace: "n", name: "reader", scopes: [.read])
            let text = try await store.createKey(namespace: "n", name: "k", scopes: [.admin, .operator])
            let id = try #require(try await store.find(text)).id
            let revoke = entry("key.revoke", on: "keys/\(id.text)")
            #expect(try await store.revokeKey(id, force: false, entry: revoke) == .last(.admin))
            let other = try await store.createKey(namespace: "m", name: "k", scopes: [.admin])
            #expect(try await store.revokeKey(id, force: false, entry: revoke) == .last(.operator))
            #expect(try await store.find(text) != nil)
            #expect(try await store.revokeKey(id, force: true, entry: revoke) == .revoked)
            #expect(try await store.revokeKey(id, force: false, entry: revoke) == .revoked)
            #expect(try await store.find(text) == nil)
            #expect(try await store.find(other) != nil)
            var filter = AuditFilter()
            filter.action = "key.revoke"
            #expect(try await store.auditLog(filter).count == 1, "the second call did nothing")
        }
    }

    @Test func ofTwoRevocationsAtOnceOneIsRefused() async throws {
        try await withStore { store in
            var ids: [UUID] = []
            for _ in 1...2 {
                let text = try await store.createKey(namespace: "n", name: "k", scopes: [.admin])
                ids.append(try #require(try await store.find(text)).id)
            }
            let outcomes = try await withThrowingTaskGroup(of: JobStore.Revocation.self) { group in
                for id in ids {
                    group.addTask { try await store.revokeKey(id, force: false, entry: entry("key.revoke")) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(outcomes == [.revoked, .last(.admin)])
        }
    }

    @Test func keysAreListedWithoutTheirTextsAndOnlyTheirNamespaces() async throws {
        try await withStore { store in
            for namespace in ["a", "b", "a"] {
                _ = try await store.createKey(namespace: namespace, name: namespace, scopes: [.read])
            }
            let own = try await store.keys(namespace: "a", before: nil, limit: 9)
            #expect(own.map(\.key.name) == ["a", "a"])
            #expect(try await store.keys(namespace: nil, before: nil, limit: 9).count == 3)
            #expect(
                try await store.keys(namespace: "a", before: own[0].key.id, limit: 9).map(\.key.id) == [own[1].key.id])
            #expect(try await store.key(own[0].key.id, namespace: "b") == nil)
        }
    }

    @Test func useIsNotedOnceAMinute() async throws {
        try await withStore { store in
            let text = try await store.createKey(namespace: "n", name: "k", scopes: [.read])
            let id = try #require(try await store.find(text)).id
            #expect(try #require(try await store.key(id, namespace: nil)).lastUsedAt == nil)
            try await store.markUsed([id])
            let first = try #require(try await store.key(id, namespace: nil)?.lastUsedAt)
            try await store.markUsed([id])
            #expect(try await store.key(id, namespace: nil)?.lastUsedAt == first)
            try await store.database.query("UPDATE api_keys SET last_used_at = now() - interval '61 seconds'")
            try await store.markUsed([id])
            #expect(try #require(try await store.key(id, namespace: nil)?.lastUsedAt) > first)
        }
    }
}

extension JobStore {
    fileprivate func find(_ text: String) async throws -> APIKey? {
        guard let text = APIKeyText(text) else { throw NotClaimed() }
        return try await key(text)
    }
}
