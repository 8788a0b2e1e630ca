import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct BulkTests {
    /// Applies an action batch by batch; answers the sum of what was matched and changed, and how many batches it took.
    private func all(
        _ action: BulkAction, _ filter: JobFilter, _ store: JobStore
    ) async throws -> (matched: Int, changed: Int, batches: Int, requests: Int) {
        var (filter, sum) = (filter, (matched: 0, changed: 0, batches: 0, requests: 0))
        repeat {
            let result = try await store.apply(action, to: filter, namespace: "default", reason: nil)
            sum.matched += result.matched
            sum.changed += result.changed
            sum.requests += result.requests.count
            sum.batches += 1
            filter.after = result.next
        } while filter.after != nil
        return sum
    }

    @Test func whatTheFilterFindsIsCancelledBatchByBatch() async throws {
        try await withStore { store in
            let queued = try await store.queue(23)
            let foreign = try await store.queue(3, namespace: "other")
            let others = try await store.queue(4, type: "else")
            let running = try await store.run()
            let filter = JobFilter(type: "probe", limit: 10)
            #expect(
                try await store.count(filter, for: .stop(.cancel, timeout: nil), namespace: "default", limit: 100) == 24
            )
            #expect(
                try await store.count(filter, for: .stop(.cancel, timeout: nil), namespace: "default", limit: 20) == 20)
            #expect(try await all(.stop(.cancel, timeout: nil), filter, store) == (24, 24, 3, 1))
            for id in queued { #expect(try await store.snapshot(id).status == .cancelled) }
            #expect(try await store.snapshot(running.job).status == .stopping)
            for id in foreign + others { #expect(try await store.snapshot(id).status == .queued) }
            // Again: the one that runs is asked already.
            #expect(try await all(.stop(.cancel, timeout: nil), filter, store) == (1, 0, 1, 1))
        }
    }

    @Test func filtersAreAllOfThem() async throws {
        try await withStore { store in
            let old = submission(labels: ["a": "1"])
            _ = try await store.submit([(old, .zero)])
            try await store.database.query("UPDATE jobs SET created_at = now() - interval '1 day'")
            let new = submission(labels: ["a": "1", "b": "2"])
            _ = try await store.submit([(new, .zero)])
            func count(_ filter: JobFilter) async throws -> Int {
                try await store.count(filter, for: .stop(.force, timeout: nil), namespace: "default", limit: 10)
            }
            let hour = Date(timeIntervalSinceNow: -3600)
            #expect(try await count(JobFilter(labels: [("a", "1")])) == 2)
            #expect(try await count(JobFilter(labels: [("b", "2")])) == 1)
            #expect(try await count(JobFilter(createdAfter: hour)) == 1)
            #expect(try await count(JobFilter(createdBefore: hour)) == 1)
            #expect(try await count(JobFilter(parentID: UUIDv7.generate())) == 0)
            #expect(try await count(JobFilter(statuses: [.completed])) == 0, "nothing to stop there")
            #expect(try await count(JobFilter(statuses: [.queued, .completed])) == 2)
        }
    }

    @Test func everyJobIsRetriedOnceAndRerunOnceForAKey() async throws {
        try await withStore { store in
            var ended: [UUID] = []
            for status in [JobStatus.failed, .completed, .stopped, .failed, .cancelled] {
                let fence = try await store.run()
                _ = try await store.write([
                    .checkpoint(fence, epoch: 2, state: Array(text: "{}")),
                    .outcome(fence, ending(status, status.rawValue)),
                ])
                ended.append(fence.job)
            }
            let filter = JobFilter(type: "probe", limit: 2)
            #expect(try await all(.retry, filter, store) == (4, 4, 3, 0))
            #expect(
                try await all(.retry, filter, store) == (4, 0, 3, 0), "no second successor, and none of a successor")
            #expect(try await all(.rerun(key: "k"), filter, store) == (5, 5, 3, 0))
            #expect(try await all(.rerun(key: "k"), filter, store) == (5, 0, 3, 0))
            #expect(try await all(.rerun(key: "l"), filter, store) == (5, 5, 3, 0))
            #expect(try await store.count("SELECT count(*) AS n FROM jobs WHERE status = 'queued'") == 14)
            #expect(try await store.count("SELECT count(*) AS n FROM checkpoints WHERE attempt = 0") == 4)
            for id in ended { #expect(try await store.snapshot(id).terminalEvents == 1) }
        }
    }

    /// Bulk actions hold many rows, and so do the batches of workers: neither waits for the other with rows in hand.
    @Test func bulkActionsDoNotBlockWorkersNorEachOther() async throws {
        try await withStore { store in
            for round in 0..<10 {
                let ids = try await store.queue(40)
                let claims = try await store.claim(ids, type: "probe", worker: "w", lease: .seconds(60))
                let fences = claims.map { Fence(job: $0.id, attempt: $0.attempt) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for _ in 0..<5 {
                            _ = try await store.write(fences.shuffled().map { .heartbeat($0, lease: .seconds(60)) })
                        }
                        _ = try await store.write(
                            fences.shuffled().map { .outcome($0, ending(.queued, "handed_back")) })
                    }
                    for wish in [Wish.checkpoint, .cancel] {
                        group.addTask {
                            _ = try await store.stop(ids.shuffled(), namespace: "default", wish, timeout: .seconds(60))
                        }
                    }
                    try await group.waitForAll()
                }
                let ended = try await store.count(
                    "SELECT count(*) AS n FROM jobs WHERE id = ANY(\(ids)) AND status IN ('cancelled', 'stopped')")
                #expect(ended == 40, "round \(round)")
            }
        }
    }
}
