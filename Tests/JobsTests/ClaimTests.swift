import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct ClaimTests {
    @Test func aClaimIsANewAttemptWithItsExecutionAndEvent() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            let first = try #require(try await store.claim([id], type: "probe", worker: "a", lease: .seconds(30)).first)
            #expect(first.attempt == 1 && first.id == id && first.namespace == "default" && first.maxAttempts == 4)
            #expect(first.checkpoint == nil && first.timeoutSeconds == 60 && first.failures == 0)
            #expect(try JSON.parse(first.spec) == ["pages": 1])
            let fence = Fence(job: id, attempt: 1)
            #expect(try await store.executionStatus(fence) == nil)
            _ = try await store.write([.outcome(fence, ending(.queued, "handed_back"))])
            let second = try #require(
                try await store.claim([id], type: "probe", worker: "b", lease: .seconds(30)).first)
            #expect(second.attempt == 2)
            #expect(try await store.executionStatus(fence) == "handed_back")
            #expect(try await store.executionStatus(Fence(job: id, attempt: 2)) == nil)
            let events = try await store.history(id)
            #expect(events.map(\.kind) == ["queued", "running", "handed_back", "running"])
            #expect(events.map(\.attempt) == [0, 1, 1, 2])
            #expect(try events[3].data.json() == ["worker": "b"])
            #expect(try await store.job(id)?.worker == "b")
        }
    }

    @Test func onlyQueuedJobsAreClaimedAndEachOnce() async throws {
        try await withStore { store in
            let ids = try await store.queue(4)
            let scheduled = submission(at: Date(timeIntervalSinceNow: 60))
            _ = try await store.submit([(scheduled, .zero)])
            let ended = try await store.claimOne(ids[1])
            _ = try await store.write([.outcome(ended, ending(.completed, "completed"))])
            _ = try await store.claimOne(ids[2])
            _ = try await store.cancel(ids[3], namespace: "default", reason: nil)
            let asked = [ids[0], ids[0], scheduled.id, ids[0]] + ids + [UUIDv7.generate()]
            let claims = try await store.claim(asked, type: "probe", worker: "w", lease: .seconds(30))
            #expect(claims.map(\.id) == [ids[0]])
            #expect(try await store.snapshot(ids[0]).attempt == 1)
            #expect(try await store.claim([], type: "probe", worker: "w", lease: .seconds(1)).isEmpty)
        }
    }

    @Test func aCommandInTheWrongQueueClaimsNothing() async throws {
        try await withStore { store in
            let id = try await store.queue(type: "other")[0]
            #expect(try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30)).isEmpty)
            #expect(try await store.claim([id], type: "other", worker: "w", lease: .seconds(30)).count == 1)
        }
    }

    @Test func aClaimWhoseAnswerWasLostIsFoundAgainByItsWorkerAlone() async throws {
        try await withStore { store in
            let ids = try await store.queue(3)
            let first = try await store.claim(Array(ids[0...1]), type: "probe", worker: "w", lease: .seconds(30))
            let again = try await store.claims(of: "w", among: ids)
            #expect(Set(again.map(\.id)) == Set(first.map(\.id)))
            #expect(again.allSatisfy { $0.attempt == 1 })
            #expect(try await store.claims(of: "other", among: ids).isEmpty)
        }
    }

    @Test func concurrentWorkersShareTheJobsWithoutSharingOne() async throws {
        try await withStore { store in
            let ids = try await store.queue(60)
            let claims = try await withThrowingTaskGroup(of: [UUID].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        var mine: [UUID] = []
                        for part in ids.shuffled().chunks(of: 10) {
                            // Workers that meet in two orders may deadlock; the server undoes one, and it tries again.
                            mine += try await retryingDeadlocks {
                                try await store.claim(part, type: "probe", worker: "w\(worker)", lease: .seconds(30))
                                    .map(\.id)
                            }
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claims.count == 60 && Set(claims) == Set(ids))
            #expect(try await store.count("SELECT sum(attempt) AS n FROM jobs") == 60)
            #expect(try await store.count("SELECT count(*) AS n FROM events WHERE kind = 'running'") == 60)
        }
    }

    @Test func theNewestCheckpointComesBack() async throws {
        try await withStore { store in
            let fence = try await store.run()
            _ = try await store.write([
                .checkpoint(fence, epoch: 1, state: Array(text: #"{"page":1}"#)),
                .checkpoint(fence, epoch: 2, state: Array(text: #"{"page":2}"#)),
                .outcome(fence, ending(.queued, "handed_back")),
            ])
            let claim = try #require(
                try await store.claim([fence.job], type: "probe", worker: "w", lease: .seconds(30)).first)
            let checkpoint = try #require(claim.checkpoint)
            #expect(checkpoint.epoch == 2)
            #expect(try JSON.parse(checkpoint.state) == ["page": 2])
        }
    }

    @Test func aNewAttemptForgetsTheProgressAndErrorOfTheLast() async throws {
        try await withStore { store in
            let fence = try await store.run()
            var failed = ending(.scheduled, "retrying", fails: true)
            failed.error = Array(text: #"{"code":"x"}"#)
            failed.progress = Array(text: #"{"completed":1}"#)
            _ = try await store.write([.outcome(fence, failed)])
            #expect(try await store.job(fence.job)?.error.json() == ["code": "x"])
            #expect(try await store.release() == 1)
            let claim = try #require(
                try await store.claim([fence.job], type: "probe", worker: "w", lease: .seconds(30)).first)
            #expect(claim.failures == 1)
            let job = try #require(try await store.job(fence.job))
            #expect(job.error == nil && job.progress == nil)
        }
    }

    @Test func knownTellsStrangersFromJobs() async throws {
        try await withStore { store in
            let ids = try await store.queue(2)
            #expect(try await store.known(ids + [UUIDv7.generate()]) == Set(ids))
            #expect(try await store.known([]) == [])
        }
    }
}

func retryingDeadlocks<Output: Sendable>(_ body: @Sendable () async throws -> Output) async throws -> Output {
    for _ in 0..<50 {
        do { return try await body() } catch let error as PostgresError where error.sqlState == "40P01" { continue }
    }
    return try await body()
}

extension Array {
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
