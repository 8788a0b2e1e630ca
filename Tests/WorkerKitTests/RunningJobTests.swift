import Crypto
import Foundation
import Jobs
import TestKit
import Testing

@testable import WorkerKit

@Suite struct RunningJobTests {
    private func claim(timeout: Int = 60) async throws -> Claim {
        try await Bench.with { try await $0.claim(timeout: timeout) }
    }

    @Test func onlyAStrongerReasonTakesThePlaceOfAnother() async throws {
        let claim = try await claim()
        let reasons: [StopReason] = [.checkpoint, .stopped, .timedOut, .draining, .cancelled, .superseded]
        for first in reasons {
            for second in reasons {
                let job = RunningJob(claim, grace: .seconds(60))
                #expect(job.stopReason == nil)
                job.stop(first)
                job.stop(second)
                #expect(job.stopReason == (second.strength > first.strength ? second : first))
            }
        }
    }

    @Test func theNearestTimeStays() async throws {
        let claim = try await claim()
        let job = RunningJob(claim, grace: .seconds(60))
        job.stop(Wanted(.checkpoint, within: .seconds(600)))
        #expect(!job.takeOverdue(at: .now + .seconds(599)))
        job.stop(Wanted(.checkpoint, within: .seconds(900)))
        #expect(job.takeOverdue(at: .now + .seconds(601)), "a later time changes nothing")
        let other = RunningJob(claim, grace: .seconds(60))
        other.stop(Wanted(.checkpoint, within: .seconds(600)))
        other.stop(Wanted(.immediate, within: .seconds(5)))
        #expect(other.takeOverdue(at: .now + .seconds(6)))
        let forced = RunningJob(claim, grace: .seconds(60))
        forced.stop(Wanted(.force, within: .zero))
        #expect(forced.stopReason == .superseded && forced.takeOverdue(at: .now), "it is over at once")
    }

    @Test func aCheckpointLetsTheTaskGoOnUntilItsTimeIsOver() async throws {
        let job = RunningJob(try await claim(), grace: .seconds(60))
        let gate = Gate()
        let task = Task<Void, Never> {
            await withTaskCancellationHandler {
                _ = try? await Task.sleep(for: .seconds(600))
            } onCancel: {
                gate.open()
            }
        }
        job.started(task)
        job.stop(.checkpoint, within: .seconds(600))
        #expect(!gate.isRaised && !task.isCancelled)
        #expect(job.takeOverdue(at: .now + .seconds(601)))
        #expect(task.isCancelled && job.stopReason == .stopped)
        try await gate.wait()
    }

    @Test func graceCountsFromTheFirstRequest() async throws {
        let job = RunningJob(try await claim(), grace: .seconds(60))
        let now = ContinuousClock.now
        #expect(!job.takeOverdue(at: now + .seconds(3600)), "nobody asked it to end")
        job.stop(.cancelled)
        let asked = ContinuousClock.now
        #expect(!job.takeOverdue(at: now + .seconds(59)))
        #expect(job.takeOverdue(at: asked + .seconds(61)))
        #expect(!job.takeOverdue(at: asked + .seconds(62)), "once is enough")
    }

    @Test func theEndIsTakenOnce() async throws {
        let job = RunningJob(try await claim(), grace: .zero)
        let takers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { job.takeEnd() } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(takers == 1)
    }

    @Test(arguments: [true, false]) func aRequestCancelsTheTaskWhicheverComesFirst(isEarly: Bool) async throws {
        let job = RunningJob(try await claim(), grace: .zero)
        if isEarly { job.stop(.cancelled) }
        let task = Task { try await Task.sleep(for: .seconds(600)) }
        job.started(
            Task {
                _ = await withTaskCancellationHandler {
                    await task.result
                } onCancel: {
                    task.cancel()
                }
            })
        if !isEarly { job.stop(.cancelled) }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func executionsAreFoundByJobAndRemovedByAttempt() async throws {
        try await Bench.with { bench in
            let first = try await bench.claim()
            try await bench.store.database.query("UPDATE jobs SET lease_until = now() - interval '1 second'")
            _ = try await bench.store.reap()
            let jobs = RunningJobs()
            let old = RunningJob(first, grace: .zero)
            let new = RunningJob(try await bench.again(first.id), grace: .zero)
            jobs.add(old)
            jobs.add(new)
            #expect(jobs.count == 2 && jobs.executions(of: first.id).count == 2)
            #expect(jobs.remove(old) && !jobs.remove(old))
            #expect(jobs.executions(of: first.id).map(\.fence) == [new.fence])
            #expect(jobs.executions(of: UUIDv7.generate()).isEmpty)
        }
    }
}
