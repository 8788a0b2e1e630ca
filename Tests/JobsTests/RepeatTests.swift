import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct RepeatTests {
    private func retry(_ id: UUID, _ store: JobStore, namespace: String = "default") async throws -> RepeatOutcome {
        try await store.repeat(RepeatSource(id, as: UUIDv7.generate()), namespace: namespace, .retry)
    }

    private func rerun(_ id: UUID, _ store: JobStore, key: String? = nil, body: String = "") async throws
        -> RepeatOutcome
    {
        try await store.repeat(
            RepeatSource(id, as: UUIDv7.generate(), idempotency: key.map { ($0, sha256(body)) }), namespace: "default",
            .rerun)
    }

    /// A job that has ended so.
    private func ended(_ status: JobStatus, _ store: JobStore) async throws -> UUID {
        let fence = try await store.run()
        _ = try await store.write([
            .checkpoint(fence, epoch: 3, state: Array(#"{"done":3}"#.utf8)),
            .checkpoint(fence, epoch: 4, state: Array(#"{"done":4}"#.utf8)),
            .outcome(fence, ending(status, status.rawValue)),
        ])
        return fence.job
    }

    @Test(arguments: [JobStatus.failed, .cancelled, .stopped])
    func aRetryGoesOnFromTheLastCheckpoint(status: JobStatus) async throws {
        try await withStore { store in
            let id = try await ended(status, store)
            guard case .created(let new) = try await retry(id, store) else {
                Issue.record("not created")
                return
            }
            let job = try #require(try await store.job(new))
            #expect(job.status == .queued && job.attempt == 0 && job.originalJobID == id && job.failures == 0)
            let claim = try #require(
                try await store.claim([new], type: "probe", worker: "w", lease: .seconds(30)).first)
            #expect(claim.attempt == 1 && claim.checkpoint?.epoch == 4)
            #expect(try claim.checkpoint.map { try JSON.parse($0.state) } == ["done": 4])
            #expect(try await store.job(id)?.status == status, "the old one stays as it is")
            let events = try await store.events(after: [(new, 0)], limit: 9)
            #expect(events.map(\.kind) == ["queued", "running"])
        }
    }

    @Test func aJobIsRetriedOnceHoweverManyAskAtOnce() async throws {
        try await withStore { store in
            let id = try await ended(.failed, store)
            let made = try await withThrowingTaskGroup(of: RepeatOutcome.self) { group in
                for _ in 0..<8 { group.addTask { try await retry(id, store) } }
                var made: [(isNew: Bool, id: UUID)] = []
                for try await outcome in group {
                    switch outcome {
                    case .created(let id): made.append((true, id))
                    case .existing(let id): made.append((false, id))
                    default: Issue.record("\(outcome)")
                    }
                }
                return made
            }
            #expect(made.count == 8 && Set(made.map(\.id)).count == 1)
            #expect(made.count { $0.isNew } == 1)
            #expect(try await store.count("SELECT count(*) AS n FROM jobs WHERE retry_of IS NOT NULL") == 1)
            // The one that was made may be retried in its turn.
            let fence = try await store.claimOne(made[0].id)
            _ = try await store.write([.outcome(fence, ending(.failed, "failed"))])
            guard case .created(let third) = try await retry(fence.job, store) else {
                Issue.record("not created")
                return
            }
            #expect(try await store.job(third)?.originalJobID == id)
        }
    }

    @Test func whatHasNotEndedOrSucceededIsNotRetried() async throws {
        try await withStore { store in
            let queued = try await store.queue()[0]
            let running = try await store.run().job
            let completed = try await ended(.completed, store)
            for (id, status) in [(queued, JobStatus.queued), (running, .running), (completed, .completed)] {
                guard case .refused(status) = try await retry(id, store) else {
                    Issue.record("\(status) was retried")
                    continue
                }
            }
            guard case .refused(.running) = try await rerun(running, store) else {
                Issue.record("a running job was rerun")
                return
            }
            let failed = try await ended(.failed, store)
            guard case .unknown = try await retry(failed, store, namespace: "elsewhere") else {
                Issue.record("a foreign job was retried")
                return
            }
        }
    }

    @Test func aRerunStartsAnewAndItsKeyMakesItOne() async throws {
        try await withStore { store in
            let id = try await ended(.completed, store)
            guard case .created(let first) = try await rerun(id, store, key: "k"),
                case .existing(first) = try await rerun(id, store, key: "k"),
                case .conflict(first) = try await rerun(id, store, key: "k", body: "other"),
                case .created(let second) = try await rerun(id, store)
            else {
                Issue.record("not as asked for")
                return
            }
            #expect(first != second)
            let claim = try #require(
                try await store.claim([first], type: "probe", worker: "w", lease: .seconds(30)).first)
            #expect(claim.checkpoint == nil)
            #expect(try await store.job(second)?.originalJobID == id)
        }
    }

    @Test func executionsAndCheckpointsAreReadBack() async throws {
        try await withStore { store in
            let first = try await store.run(worker: "a")
            _ = try await store.write([
                .checkpoint(first, epoch: 1, state: Array(#"{"a":1}"#.utf8)),
                .outcome(first, ending(.queued, "handed_back")),
            ])
            let second = try await store.claimOne(first.job, worker: "b")
            _ = try await store.write([.checkpoint(second, epoch: 2, state: Array(#"{"a":2}"#.utf8))])
            let executions = try await store.executions(of: first.job, after: 0, limit: 9)
            #expect(executions.map(\.attempt) == [1, 2] && executions.map(\.worker) == ["a", "b"])
            #expect(executions.map(\.status) == ["handed_back", "running"])
            #expect(executions[0].finishedAt != nil && executions[1].finishedAt == nil)
            #expect(try await store.executions(of: first.job, after: 1, limit: 9).map(\.attempt) == [2])
            #expect(try await store.executions(of: first.job, after: 0, limit: 1).map(\.attempt) == [1])
            func newest(after attempt: Int32?) async throws -> [Int32] {
                try await store.executions(of: first.job, newestFirst: true, after: attempt, limit: 9).map(\.attempt)
            }
            #expect(try await newest(after: nil) == [2, 1])
            #expect(try await newest(after: 2) == [1])

            let checkpoints = try await store.checkpoints(of: first.job, before: .max, limit: 9)
            #expect(checkpoints.map(\.epoch) == [2, 1] && checkpoints.map(\.attempt) == [2, 1])
            #expect(checkpoints.allSatisfy { $0.state == nil && $0.size == 8 })
            #expect(try await store.checkpoints(of: first.job, before: 2, limit: 9).map(\.epoch) == [1])
            #expect(try await store.checkpoint(2, of: first.job)?.state.map { try JSON.parse($0) } == ["a": 2])
            #expect(try await store.checkpoint(3, of: first.job) == nil)
        }
    }
}
