import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct WorkerRegistryTests {
    @Test func aHeartbeatRegistersAndKeepsUpToDate() async throws {
        try await withStore { store in
            var worker = try record("probe-1")
            #expect(try await store.beat(worker) == .active)
            worker.running = 3
            #expect(try await store.beat(worker) == .active)
            let found = try #require(try await store.worker("probe-1"))
            #expect(found.state == .active && found.running == 3 && found.slots == 4 && found.type == "probe")
            #expect(found.build == "b1" && found.schemaVersion == Migrations.newest && found.host == "h")
            #expect(found.heartbeatAt > found.startedAt)
            #expect(try await store.worker("probe-2") == nil)
        }
    }

    @Test func aWishStandsUntilItIsTakenBackAndIsWrittenIntoTheLogEachTime() async throws {
        try await withStore { store in
            var worker = try record("probe-1")
            _ = try await store.beat(worker)
            for _ in 1...2 {
                guard case .asked = try await store.ask("probe-1", toBe: .drained, entry: entry("worker.drain")) else {
                    throw NotClaimed()
                }
            }
            worker.state = .draining
            #expect(try await store.beat(worker) == .drained)
            #expect(try #require(try await store.worker("probe-1")).state == .draining)
            _ = try await store.ask("probe-1", toBe: .active, entry: entry("worker.resume"))
            #expect(try await store.beat(worker) == .active)
            let log = try await store.auditLog(AuditFilter())
            #expect(log.map(\.action) == ["worker.resume", "worker.drain", "worker.drain"])
        }
    }

    @Test func whatHasEndedOrIsSilentIsGoneAndForgottenLater() async throws {
        try await withStore { store in
            for id in ["probe-1", "probe-2", "probe-3"] { _ = try await store.beat(try record(id)) }
            try await store.end(worker: "probe-1")
            try await store.database.query(
                "UPDATE workers SET heartbeat_at = now() - interval '31 seconds' WHERE id = 'probe-2'")
            #expect(try await store.workers(limit: 9).map(\.state) == [.gone, .gone, .active])
            #expect(try await store.workers(state: .active, limit: 9).map(\.id) == ["probe-3"])
            #expect(try await store.workers(type: "other", limit: 9).isEmpty)
            #expect(try await store.workers(after: "probe-1", limit: 1).map(\.id) == ["probe-2"])
            #expect(try await store.workerCounts() == [.active: 1, .draining: 0, .drained: 0, .gone: 2])
            guard case .gone = try await store.ask("probe-2", toBe: .drained, entry: entry("worker.drain")),
                case .unknown = try await store.ask("probe-9", toBe: .drained, entry: entry("worker.drain"))
            else { throw NotClaimed() }
            #expect(try await store.auditLog(AuditFilter()).isEmpty, "nothing was done")
            #expect(try await store.forgetWorkers(after: .seconds(30)) == 1)
            // One that was only cut off is back with its next heartbeat.
            _ = try await store.beat(try record("probe-2"))
            #expect(try #require(try await store.worker("probe-2")).state == .active)
        }
    }

    @Test func currentJobsAreThoseUnderAnyLeaseOfTheWorker() async throws {
        try await withStore { store in
            let mine = try await store.run(worker: "probe-1")
            let done = try await store.run(worker: "probe-1")
            _ = try await store.run(worker: "probe-2")
            _ = try await store.write([.outcome(done, ending(.completed, "completed"))])
            let jobs = try await store.currentJobs(of: "probe-1", limit: 9)
            #expect(jobs.map(\.id) == [mine.job] && jobs.map(\.status) == [.running] && jobs.map(\.attempt) == [1])
        }
    }

    private func record(_ id: String) throws -> WorkerRecord {
        WorkerRecord(id: id, type: try probeType(), build: "b1", host: "h", pid: 7, slots: 4)
    }
}

/// An entry as a key of the namespace `default` would make it.
func entry(_ action: String, on object: String = "things/1", by key: APIKey = adminKey()) -> AuditEntry {
    AuditEntry(by: key, from: "127.0.0.1", action: action, object: object)
}

func adminKey(
    _ namespace: String = "default", scopes: Set<Scope> = [.admin, .operator], expiresAt: Date? = nil
) -> APIKey {
    APIKey(id: UUID(), namespace: namespace, name: "k", scopes: scopes, expiresAt: expiresAt)
}
