import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

@testable import WorkerKit

/// How an execution ends that its client wants to end.
@Suite struct StopTests {
    @Test func aStoppedJobIsStoppedHoweverItEnds() async throws {
        try await Bench.with { bench in
            for reason in [StopReason.stopped, .checkpoint] {
                let job = try await bench.run(try await bench.claim(), stop: reason) { _, context in
                    #expect(context.stopReason == reason && (reason == .stopped || !Task.isCancelled))
                    try await context.save(checkpoint: ["page": 7])
                    return .stopped
                }
                #expect(job.status == .stopped && job.failures == 0)
                #expect(try await bench.store.checkpoint(1, of: job.id) != nil)
            }
            let broken = try await bench.run(try await bench.claim(), stop: .stopped) { _, _ in
                throw JobFailure(code: "broken", message: "no")
            }
            #expect(broken.status == .stopped && broken.failures == 0)
        }
    }

    /// Its task was not cancelled, so an error is the job's own and not the way out.
    @Test func anErrorOnTheWayToACheckpointIsToldWithTheStop() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            _ = try await bench.store.stop(claim.id, namespace: "default", .checkpoint)
            let job = try await bench.run(claim, stop: .checkpoint) { _, _ in
                throw JobFailure(code: "broken", message: "no")
            }
            #expect(job.status == .stopped && job.failures == 1)
            #expect(try job.errorCode == "broken")
        }
    }

    @Test func aStopWhoseTimeIsOverKeepsTheNewestCheckpoint() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let running = RunningJob(claim, grace: .seconds(60))
            let (entered, gate) = (Gate(), Gate())
            let executor = try bench.executor { _, context in
                try await context.save(checkpoint: ["page": 3])
                entered.open()
                // Deaf to the cancellation of its own task.
                try await Task { try await gate.wait() }.value
                return .done(.init(text: "too late"))
            }
            let task = Task { await executor.execute(running) }
            running.started(task)
            try await entered.wait()
            _ = try await bench.store.stop(claim.id, namespace: "default", .checkpoint)
            running.stop(Wanted(.checkpoint, within: .zero))
            #expect(running.takeOverdue(at: .now))
            await executor.abandon(running)
            let job = try await bench.job(claim.id)
            #expect(job.status == .stopped && job.wanted == nil && job.stopDeadline == nil)
            gate.open()
            await task.value
            #expect(try await bench.job(claim.id).result == nil)
            #expect(try await bench.store.checkpoint(1, of: claim.id)?.state.map { try JSON.parse($0) } == ["page": 3])
            #expect(try await bench.kinds(claim.id) == ["queued", "running", "checkpoint", "stopping", "stopped"])
        }
    }

    @Test func anExecutionThatWasEndedByForceWritesNothing() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let running = RunningJob(claim, grace: .seconds(60))
            let (entered, gate) = (Gate(), Gate())
            let executor = try bench.executor { _, context in
                entered.open()
                try? await gate.wait()
                await #expect(throws: Superseded.self) { try await context.save(checkpoint: ["page": 1]) }
                return .done(.init(text: "too late"))
            }
            let task = Task { await executor.execute(running) }
            try await entered.wait()
            #expect(try await bench.store.stop(claim.id, namespace: "default", .force) == .done(abandoned: true))
            running.stop(Wanted(.force, within: .zero))
            await executor.abandon(running)
            gate.open()
            await task.value
            let job = try await bench.job(claim.id)
            #expect(job.status == .stopped && job.result == nil)
            #expect(try await bench.store.checkpoint(1, of: claim.id) == nil)
            #expect(try await bench.kinds(claim.id) == ["queued", "running", "stopped"])
        }
    }

    @Test func theJobTellsHowMuchMayBeDoneAtATime() async throws {
        try await Bench.with { bench in
            let plain = try await bench.claim()
            #expect(plain.parallelism == nil)
            _ = try await bench.run(plain, stop: .stopped) { _, _ in .stopped }
            let source = RepeatSource(plain.id, as: UUIDv7.generate())
            let restart = Repetition.restart(checkpoint: nil, parallelism: 5)
            #expect(try await bench.store.repeat(source, namespace: "default", restart) == .created(source.newID))
            _ = try await bench.run(try await bench.again(source.newID)) { _, context in
                #expect(context.parallelism == 5)
                return .done(.init(text: ""))
            }
        }
    }
}
