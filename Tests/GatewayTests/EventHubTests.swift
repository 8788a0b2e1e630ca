import Crypto
import Foundation
import Jobs
import Telemetry
import TestKit
import Testing

@testable import Gateway

@Suite struct EventHubTests {
    private func withHub(_ body: @Sendable (EventHub, JobStore) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let hub = EventHub(store, log: Logger(service: "test", level: .error))
            let running = Task { await hub.run() }
            do {
                try await body(hub, store)
            } catch {
                running.cancel()
                await running.value
                throw error
            }
            running.cancel()
            await running.value
        }
    }

    @Test(.timeLimit(.minutes(1))) func closingEndsTheWaitersAndLetsNobodyWaitAnyMore() async throws {
        try await withHub { hub, store in
            let id = try await job(store)
            let last = try await store.events(after: [(id, 0)], limit: 10).last?.sequence ?? 0
            let waiting = Task { try await hub.next(after: last, of: id, until: .now + .seconds(3600)) }
            hub.close()
            #expect(try await waiting.value.isEmpty)
            #expect(try await hub.next(after: last, of: id, until: .now + .seconds(3600)).isEmpty)
            #expect(hub.isClosed)
        }
    }

    private func job(_ store: JobStore) async throws -> UUID {
        let type = try JobType(
            name: "probe", version: 1, description: "", specSchema: ["type": "object"], policy: JobPolicy())
        let submission = try Submission.read(
            ["type": "probe"], id: UUIDv7.generate(), namespace: "default", catalogue: TypeCatalogue([type]))
        _ = try await store.submit([(submission, .zero)])
        return submission.id
    }

    private var soon: ContinuousClock.Instant { .now + .seconds(20) }

    @Test func eventsThatAreThereComeAtOnce() async throws {
        try await withHub { hub, store in
            let id = try await job(store)
            #expect(try await hub.next(after: 0, of: id, until: soon).map(\.kind) == ["queued"])
            let other = try await job(store)
            #expect(try await hub.next(after: 0, of: other, until: soon).map(\.job) == [other])
        }
    }

    @Test func waitersOfOneJobAtDifferentPlacesEachGetTheirOwn() async throws {
        try await withHub { hub, store in
            let id = try await job(store)
            let first = try #require(try await hub.next(after: 0, of: id, until: soon).last).sequence
            async let ahead = hub.next(after: first, of: id, until: soon)
            _ = try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30))
            async let behind = hub.next(after: 0, of: id, until: soon)
            hub.announce()
            #expect(try await ahead.map(\.kind) == ["running"])
            #expect(try await behind.map(\.kind) == ["queued", "running"])
        }
    }

    @Test func aDeadlineEndsTheWait() async throws {
        try await withHub { hub, store in
            let id = try await job(store)
            let events = try await hub.next(after: 0, of: id, until: soon)
            let last = try #require(events.last).sequence
            #expect(try await hub.next(after: last, of: id, until: .now + .milliseconds(30)).isEmpty)
            #expect(try await hub.next(after: last, of: id, until: .now - .seconds(1)).isEmpty)
        }
    }

    @Test func aCancelledWaiterEndsAndTheOthersGoOn() async throws {
        try await withHub { hub, store in
            let id = try await job(store)
            let last = try #require(try await hub.next(after: 0, of: id, until: soon).last).sequence
            let far = ContinuousClock.now + .seconds(3600)
            let patient = Task { try await hub.next(after: last, of: id, until: far) }
            for round in 0..<50 {
                let waiter = Task { try await hub.next(after: last, of: id, until: far) }
                if round % 2 == 0 { await Task.yield() }
                waiter.cancel()
                await #expect(throws: CancellationError.self) { try await waiter.value }
            }
            _ = try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30))
            hub.announce()
            #expect(try await patient.value.map(\.kind) == ["running"])
        }
    }

    /// Announcements race with waiters that arrive: whoever waits must hear of every event, without the hub's own second.
    @Test func noWakeupIsLost() async throws {
        try await withHub { hub, store in
            let ids = try await withThrowingTaskGroup(of: UUID.self) { group in
                for _ in 0..<8 { group.addTask { try await job(store) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await withThrowingTaskGroup(of: [String].self) { group in
                for id in ids {
                    for _ in 0..<3 {
                        group.addTask {
                            var (kinds, position): ([String], Int64) = ([], 0)
                            while kinds.last != "completed" {
                                let events = try await hub.next(after: position, of: id, until: soon)
                                guard let last = events.last else { throw NeverHappened(what: "an event") }
                                kinds += events.map(\.kind)
                                position = last.sequence
                            }
                            return kinds
                        }
                    }
                }
                for id in ids {
                    let fence = Fence(job: id, attempt: 1)
                    _ = try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30))
                    hub.announce()
                    for number in 1...5 {
                        let progress = Array("{\"completed\":\(number)}".utf8)
                        _ = try await store.write([.progress(fence, phase: nil, progress: progress)])
                        hub.announce()
                    }
                    _ = try await store.write([.outcome(fence, Ending(status: .completed, kind: "completed"))])
                    hub.announce()
                }
                let wanted = ["queued", "running"] + Array(repeating: "progress", count: 5) + ["completed"]
                for try await kinds in group { #expect(kinds == wanted) }
            }
        }
    }
}
