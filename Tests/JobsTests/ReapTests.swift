import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct ReapTests {
    @Test func anExpiredLeaseQueuesTheJobAgain() async throws {
        try await withStore { store in
            let fence = try await store.run(worker: "lost")
            try await store.expireLeases()
            let live = try await store.run()
            let past = try await store.now() - 1
            #expect(try await store.reap(until: past).isEmpty, "a statement that comes too late judges nobody")
            let reaped = try await store.reap()
            #expect(reaped.map(\.id) == [fence.job])
            #expect(reaped[0].worker == "lost" && reaped[0].attempt == 1 && reaped[0].status == .queued)
            let after = try await store.snapshot(fence.job)
            #expect(after.status == .queued && after.crashes == 1 && after.failures == 0 && !after.isDispatched)
            #expect(try await store.executionStatus(fence) == "lost")
            let event = try #require(try await store.history(fence.job).last)
            #expect(event.kind == "lease_expired" && event.status == .queued)
            #expect(try event.data.json() == ["worker": "lost"])
            #expect(try await store.snapshot(live.job).status == .running)
            #expect(try await store.reap().isEmpty)
        }
    }

    @Test func theThirdCrashIsTheLast() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            for crash in 1...3 {
                _ = try await store.claimOne(id)
                try await store.expireLeases()
                #expect(try await store.reap().map(\.status) == [crash == 3 ? .failed : .queued])
            }
            let after = try await store.snapshot(id)
            #expect(after.status == .failed && after.crashes == 3 && after.failures == 0 && after.terminalEvents == 1)
            let job = try #require(try await store.job(id))
            #expect(try job.error.json()["code"] == "crashed")
            #expect(job.finishedAt != nil)
            #expect(try await store.history(id).last?.data.json()["error"]?["code"] == "crashed")
        }
    }

    @Test func theTypesPolicyCountsTheCrashes() async throws {
        try await withStore { store in
            try await store.register(try probeType(policy: JobPolicy(maxCrashes: 1)))
            let fence = try await store.run()
            try await store.expireLeases()
            #expect(try await store.reap().map(\.status) == [.failed])
            #expect(try await store.snapshot(fence.job).crashes == 1)
        }
    }

    @Test func aWishIsKeptThoughTheWorkerDied() async throws {
        try await withStore { store in
            let cancelled = try await store.run()
            let stopped = try await store.run()
            _ = try await store.cancel(cancelled.job, namespace: "default", reason: nil)
            _ = try await store.stop(stopped.job, namespace: "default", .checkpoint)
            try await store.expireLeases()
            _ = try await store.reap()
            #expect(try await store.snapshot(cancelled.job).status == .cancelled)
            #expect(try await store.snapshot(stopped.job).status == .stopped)
            #expect(try await store.write([.outcome(cancelled, ending(.completed, "completed"))]) == [.superseded])
        }
    }

    @Test func twoReapersTakeEachJobOnce() async throws {
        try await withStore { store in
            for id in try await store.queue(60) { _ = try await store.claimOne(id) }
            try await store.expireLeases()
            let reaped = try await withThrowingTaskGroup(of: [Reaped].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var all: [Reaped] = []
                        for _ in 0..<20 { all += try await store.reap(limit: 7) }
                        return all
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(reaped.count == 60 && Set(reaped.map(\.id)).count == 60)
            #expect(
                try await store.count("SELECT count(*) AS n FROM jobs WHERE crashes = 1 AND status = 'queued'") == 60)
            #expect(try await store.count("SELECT count(*) AS n FROM events WHERE kind = 'lease_expired'") == 60)
        }
    }

    /// A cancellation that was answered must survive a reaper that looked a moment before it was committed.
    @Test func aCancellationIsNotLostToAReaper() async throws {
        try await withStore { store in
            for _ in 0..<60 {
                let ids = try await store.queue(4)
                for id in ids { _ = try await store.claimOne(id) }
                try await store.expireLeases()
                let outcomes = try await withThrowingTaskGroup(of: (UUID, StopOutcome)?.self) { group in
                    for id in ids {
                        group.addTask { (id, try await store.cancel(id, namespace: "default", reason: nil)) }
                    }
                    for _ in 0..<2 {
                        group.addTask {
                            _ = try await store.reap()
                            return nil
                        }
                    }
                    return try await group.reduce(into: [(UUID, StopOutcome)]()) {
                        if let outcome = $1 { $0.append(outcome) }
                    }
                }
                _ = try await store.reap()
                for (id, outcome) in outcomes {
                    let status = try await store.snapshot(id).status
                    #expect(status == .cancelled, "\(outcome) became \(status)")
                }
            }
        }
    }
}
