import Foundation
import Jobs
import Synchronization
import TestKit
import Testing

@testable import WorkerKit

@Suite struct PresenceTests {
    @Test func aWorkerIsDrainedAndResumedAsItsRowSays() async throws {
        try await PresenceBench.with { bench in
            let (isEmpty, isDraining) = (Gate(), Gate())
            let resumed = Mutex(0)
            try await bench.run(
                drain: {
                    isDraining.open()
                    do { try await isEmpty.wait() } catch { Issue.record(error) }
                }, resume: { resumed.withLock { $0 += 1 } }
            ) {
                try await bench.expect(.active)
                try await bench.ask(.drained)
                try await isDraining.wait()
                try await bench.expect(.draining)
                isEmpty.open()
                try await bench.expect(.drained)
                try await bench.ask(.active)
                try await bench.expect(.active)
                #expect(resumed.withLock(\.self) == 1)
            }
        }
    }

    @Test func aDrainThatIsTakenBackIsGivenUp() async throws {
        try await PresenceBench.with { bench in
            let (isDraining, wasCancelled) = (Gate(), Gate())
            try await bench.run(
                drain: {
                    isDraining.open()
                    do { try await Task.sleep(for: .seconds(3600)) } catch { wasCancelled.open() }
                }, resume: {}
            ) {
                try await bench.ask(.drained)
                try await isDraining.wait()
                try await bench.ask(.active)
                try await wasCancelled.wait()
                try await bench.expect(.active)
            }
        }
    }

    @Test func aProcessThatEndsHearsNoWishesAndSaysGoodbye() async throws {
        try await PresenceBench.with { bench in
            try await bench.run(drain: { Issue.record("drained while it ends") }, resume: {}) {
                try await bench.expect(.active)
                bench.presence.leave()
                try await bench.expect(.draining)
                try await bench.ask(.drained)
                try await bench.ask(.active)
            }
            await bench.presence.end()
            try await bench.expect(.gone)
        }
    }
}

private struct PresenceBench: Sendable {
    let store: JobStore
    let presence: Presence

    static func with(_ body: @Sendable (PresenceBench) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let record = WorkerRecord(
                id: "w", type: try ProbeWorker.jobType(), build: "b", host: "h", pid: 1, slots: 2)
            try await body(
                PresenceBench(
                    store: store,
                    presence: Presence(record, store: store, running: RunningJobs(), log: quietLog)))
        }
    }

    /// Runs the presence beside the body.
    func run(
        drain: @escaping @Sendable () async -> Void, resume: @escaping @Sendable () -> Void,
        _ body: () async throws -> Void
    ) async throws {
        let running = Task { await presence.run(drain: drain, resume: resume) }
        defer { running.cancel() }
        try await eventually("the registration") { try await store.worker("w") != nil }
        try await body()
        running.cancel()
        await running.value
    }

    func ask(_ wanted: WorkerState) async throws {
        let key = APIKey(id: UUID(), namespace: "n", name: "k", scopes: [.operator])
        let entry = AuditEntry(by: key, from: "", action: "worker.ask", object: "workers/w")
        _ = try await store.ask("w", toBe: wanted, entry: entry)
        presence.hurry()
    }

    func expect(_ state: WorkerState) async throws {
        try await eventually("the worker to be \(state)") { try await store.worker("w")?.state == state }
    }
}
