import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct AuditTests {
    @Test func entriesAreFoundByWhatTheySay() async throws {
        try await withStore { store in
            let (mine, other) = (adminKey("a"), adminKey("b"))
            for (key, action, object) in [
                (mine, "queue.pause", "queues/noop"), (other, "queue.pause", "queues/noop"),
                (mine, "worker.drain", "workers/w"),
            ] {
                var made = entry(action, on: object, by: key)
                made.details = ["note": "a\0b"]
                try await store.write(made)
            }
            let all = try await store.auditLog(AuditFilter())
            #expect(all.map(\.action) == ["worker.drain", "queue.pause", "queue.pause"])
            let first = try #require(all.first)
            #expect(
                first.keyID == mine.id && first.keyName == "k" && first.address == "127.0.0.1"
                    && first.outcome == "done")
            func count(_ change: (inout AuditFilter) -> Void) async throws -> Int {
                var filter = AuditFilter()
                change(&filter)
                return try await store.auditLog(filter).count
            }
            #expect(try await count { $0.namespace = "a" } == 2)
            #expect(try await count { $0.action = "queue.pause" } == 2)
            #expect(try await count { $0.object = "workers/w" } == 1)
            #expect(try await count { $0.keyID = other.id } == 1)
            #expect(try await count { $0.until = first.at } == 2)
            #expect(try await count { $0.since = first.at } == 1)
            #expect(try await count { $0.before = first.sequence } == 2)
            #expect(try await count { $0.limit = 1 } == 1)
        }
    }

    @Test func whatIsWrittenStays() async throws {
        try await withStore { store in
            try await store.write(entry("queue.pause"))
            for change in ["UPDATE audit SET action = 'x'", "DELETE FROM audit"] as [Statement] {
                do {
                    try await store.database.query(change)
                    Issue.record("accepted: \(change.sql)")
                } catch let error as PostgresError {
                    #expect(error.sqlState == "42501")
                }
            }
            #expect(try await store.auditLog(AuditFilter()).count == 1)
        }
    }
}
