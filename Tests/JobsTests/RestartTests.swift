import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct RestartTests {
    private func restart(
        _ id: UUID, _ store: JobStore, from checkpoint: Int32? = nil, parallelism: Int? = nil, key: String? = nil
    ) async throws -> RepeatOutcome {
        try await store.repeat(
            RepeatSource(id, as: UUIDv7.generate(), idempotency: key.map { ($0, sha256("restart")) }),
            namespace: "default", .restart(checkpoint: checkpoint, parallelism: parallelism), reason: "why")
    }

    private func running(_ store: JobStore, checkpoints: ClosedRange<Int32> = 1...4) async throws -> Fence {
        let fence = try await store.run()
        _ = try await store.write(
            checkpoints.map { .checkpoint(fence, epoch: $0, state: Array(text: #"{"done":\#($0)}"#)) })
        return fence
    }

    private func made(_ outcome: RepeatOutcome) throws -> UUID {
        guard case .created(let id) = outcome else { throw NotClaimed() }
        return id
    }

    @Test(arguments: [JobStatus.completed, .failed, .cancelled, .stopped])
    func anEndedJobGoesOnFromTheNamedCheckpoint(status: JobStatus) async throws {
        try await withStore { store in
            let fence = try await running(store)
            _ = try await store.write([.outcome(fence, ending(status, status.rawValue))])
            for (named, expected) in [(Int32?(2), Int32(2)), (nil, 4)] {
                let id = try made(try await restart(fence.job, store, from: named, parallelism: 7))
                let job = try #require(try await store.job(id))
                #expect(job.originalJobID == fence.job && job.parallelism == 7 && job.status == .queued)
                let first = try #require(try await store.history(id).first).data.json()
                #expect(first["reason"] == "why" && first["checkpoint"]?.intValue == Int(expected))
                let claim = try #require(
                    try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30)).first)
                #expect(claim.checkpoint?.epoch == expected && claim.parallelism == 7)
                #expect(try claim.checkpoint.map { try JSON.parse($0.state) } == ["done": .int(Int64(expected))])
                #expect(try await store.checkpoints(of: id, before: .max, limit: 9).map(\.epoch) == [expected])
            }
            #expect(try await store.job(fence.job)?.status == status)
        }
    }

    @Test func aRunningJobIsStoppedByForceInTheSameMoment() async throws {
        try await withStore { store in
            for isCancelled in [false, true] {
                let fence = try await running(store)
                if isCancelled { _ = try await store.stop(fence.job, namespace: "default", .checkpoint) }
                let id = try made(try await restart(fence.job, store, from: 3))
                let old = try await store.snapshot(fence.job)
                #expect(old.status == .stopped && old.terminalEvents == 1)
                #expect(try await store.executionStatus(fence) == "stopped")
                #expect(try await store.write([.outcome(fence, ending(.completed, "completed"))]) == [.superseded])
                #expect(try await store.job(id)?.status == .queued)
            }
        }
    }

    @Test func whatCannotBeRestartedStaysAsItIs() async throws {
        try await withStore { store in
            let fence = try await running(store)
            let before = try await store.snapshot(fence.job)
            #expect(try await restart(fence.job, store, from: 9) == .unknownCheckpoint)
            let other = try await running(store)
            let first = try made(try await restart(other.job, store, key: "k"))
            #expect(try await restart(other.job, store, key: "k") == .existing(first))
            // The same key for another job: neither a new job nor a stop of the old one.
            #expect(try await restart(fence.job, store, key: "k") == .existing(first))
            #expect(try await store.snapshot(fence.job) == before)
            let queued = try await store.queue()[0]
            #expect(try await restart(queued, store) == .refused(.queued))
            #expect(try await restart(UUIDv7.generate(), store) == .unknown)
            let cancelling = try await running(store)
            _ = try await store.cancel(cancelling.job, namespace: "default", reason: nil)
            #expect(try await restart(cancelling.job, store) == .refused(.stopping))
        }
    }

    @Test func manyRestartsAtOnceStopTheJobOnce() async throws {
        try await withStore { store in
            let fence = try await running(store)
            let outcomes = try await withThrowingTaskGroup(of: RepeatOutcome.self) { group in
                for number in 0..<8 {
                    group.addTask { try await restart(fence.job, store, key: number < 4 ? "same" : nil) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let created = outcomes.compactMap { outcome -> UUID? in
                if case .created(let id) = outcome { id } else { nil }
            }
            #expect(created.count == 5 && Set(created).count == 5, "\(outcomes)")
            #expect(try await store.snapshot(fence.job).terminalEvents == 1)
        }
    }
}
