import Foundation
import JSON
import Jobs
import TestKit
import Testing

@testable import WorkerKit

private struct Trouble: Error, CustomStringConvertible {
    var description = "trouble"
}

@Suite struct ExecutorTests {
    @Test func doneIsCompletedWithItsResult() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim(spec: #"{"pages":3}"#)
            let job = try await bench.run(claim) { input, context in
                context.report(completed: 3, total: 3, unit: "pages", phase: "done")
                return .done(.init(text: "\(input.pages) pages of attempt \(context.attempt)"))
            }
            #expect(job.status == .completed && job.failures == 0)
            #expect(try JSON.parse(#require(job.result)) == ["text": "3 pages of attempt 1"])
            #expect(try JSON.parse(#require(job.progress))["completed"] == 3)
        }
    }

    @Test func rejectFailsWithoutAnotherAttempt() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, _ in
                .reject(JobFailure(code: "bad_input", message: "no", details: ["page": 3]))
            }
            #expect(job.status == .failed && job.failures == 1)
            #expect(
                try JSON.parse(#require(job.error)) == ["code": "bad_input", "message": "no", "details": ["page": 3]])
        }
    }

    @Test func anErrorIsRetriedWithBackoffUntilTheAttemptsAreUsedUp() async throws {
        try await Bench.with { bench in
            let first = try await bench.claim(maxAttempts: 2)
            let retry = try await bench.run(first) { _, _ in throw Trouble() }
            #expect(retry.status == .scheduled && retry.failures == 1)
            #expect(try retry.errorCode == "error")
            #expect(try #require(retry.dueAt) > Date(timeIntervalSinceNow: 10), "half of the backoff's minute is fixed")
            try await bench.store.database.query("UPDATE jobs SET due_at = now()")
            _ = try await bench.store.release()
            let last = try await bench.run(try await bench.again(first.id)) { _, _ in throw Trouble() }
            #expect(last.status == .failed && last.failures == 2)
            #expect(
                try await bench.kinds(first.id)
                    == ["queued", "running", "retrying", "queued", "running", "failed"])
        }
    }

    @Test func snoozeIsNoFailure() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim(maxAttempts: 1)) { _, _ in
                .snooze(.seconds(60), reason: "busy")
            }
            #expect(job.status == .scheduled && job.failures == 0)
            #expect(try job.errorCode == "snoozed")
            #expect(try #require(job.dueAt) > Date(timeIntervalSinceNow: 30))
        }
    }

    @Test func aDrainHandsBackWithoutAFailure() async throws {
        try await Bench.with { bench in
            for cooperates in [true, false] {
                let job = try await bench.run(try await bench.claim(maxAttempts: 1), stop: .draining) { _, context in
                    #expect(context.stopReason == .draining)
                    if cooperates { return .stopped }
                    try await Task.sleep(for: .seconds(600))
                    return .done(.init(text: "never"))
                }
                #expect(job.status == .queued && job.failures == 0 && job.crashes == 0)
                #expect(try await bench.kinds(job.id).last == "handed_back")
            }
        }
    }

    @Test func aCancelledJobIsCancelledHoweverItEnds() async throws {
        try await Bench.with { bench in
            for cooperates in [true, false] {
                let job = try await bench.run(try await bench.claim(), stop: .cancelled) { _, _ in
                    if cooperates { return .stopped }
                    throw Trouble()
                }
                #expect(job.status == .cancelled && job.failures == 0)
            }
        }
    }

    @Test func aTimeoutCountsAsAFailureHoweverItEnds() async throws {
        try await Bench.with { bench in
            for cooperates in [true, false] {
                let job = try await bench.run(try await bench.claim(), stop: .timedOut) { _, _ in
                    if cooperates { return .stopped }
                    throw CancellationError()
                }
                #expect(job.status == .scheduled && job.failures == 1, "cooperates: \(cooperates)")
                #expect(try job.errorCode == "timed_out")
            }
        }
    }

    @Test func workDoneInSpiteOfARequestCounts() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim(), stop: .cancelled) { _, _ in .done(.init(text: "x")) }
            #expect(job.status == .completed)
        }
    }

    @Test func aSpecThatCannotBeReadIsRejected() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim(spec: #"{"pages":"three"}"#)) { _, _ in
                .done(.init(text: "never"))
            }
            #expect(job.status == .failed)
            #expect(try job.errorCode == "invalid_spec")
        }
    }

    @Test func aJobThatAnEarlierBuildTookInHasTheDefaultsOfThisOne() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim(spec: "{}")) { input, _ in
                .done(.init(text: "\(input.pages)"))
            }
            #expect(job.status == .completed)
            #expect(job.result.map { String(decoding: $0, as: UTF8.self) }?.contains("7") == true)
        }
    }

    @Test func aResultWithNULIsStoredWithAReplacementForIt() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, _ in .done(.init(text: "a\0b")) }
            #expect(job.status == .completed)
            #expect(try job.result.map { try JSON.parse($0)["text"] } == "a\u{FFFD}b")
        }
    }

    @Test func progressThatCannotBeStoredDoesNotCostTheResult() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, context in
                context.report(completed: 1, total: nil, unit: "pages", phase: "first")
                context.report(completed: 2, total: nil, unit: "pages", phase: "a\0b")
                return .done(.init(text: "fine"))
            }
            #expect(job.status == .completed)
        }
    }

    @Test func anErrorWhoseTextCannotBeStoredIsRetriedAllTheSame() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, _ in
                throw Trouble(description: "cannot read \"a\0b\"")
            }
            #expect(job.status == .scheduled && job.failures == 1)
            #expect(try job.errorCode == "error")
        }
    }

    @Test func anotherAttemptsJobIsLeftAlone() async throws {
        try await Bench.with { bench in
            let stale = try await bench.claim()
            try await bench.store.database.query("UPDATE jobs SET lease_until = now() - interval '1 second'")
            _ = try await bench.store.reap()
            let current = try await bench.again(stale.id)
            let job = try await bench.run(stale) { _, context in
                context.log(.info, "stale")
                await #expect(throws: Superseded.self) { try await context.save(checkpoint: ["page": 1]) }
                return .done(.init(text: "stale"))
            }
            #expect(job.status == .running && job.attempt == current.attempt && job.result == nil)
            #expect(try await bench.lines(stale.id).isEmpty)
            let end = try await bench.run(current) { _, _ in .done(.init(text: "current")) }
            #expect(try JSON.parse(#require(end.result)) == ["text": "current"])
        }
    }

    @Test func aLaterAttemptGoesOnFromTheCheckpoint() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            _ = try await bench.run(claim, stop: .draining) { _, context in
                #expect(try context.checkpoint(as: [String: Int].self) == nil)
                try await context.save(checkpoint: ["page": 1])
                try await context.save(checkpoint: ["page": 2])
                return .stopped
            }
            let job = try await bench.run(try await bench.again(claim.id)) { _, context in
                let state = try context.checkpoint(as: [String: Int].self)
                try await context.save(checkpoint: ["page": 3])
                return .done(.init(text: "\(state ?? [:])"))
            }
            #expect(try JSON.parse(#require(job.result)) == ["text": #"["page": 2]"#])
            let rows = try await bench.store.database.query("SELECT epoch FROM checkpoints ORDER BY epoch")
            #expect(try rows.map { try $0.decode("epoch", as: Int32.self) } == [1, 2, 3])
        }
    }

    @Test func anAbandonedExecutionEndsOnceAndIsFencedOff() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let running = RunningJob(claim, grace: .zero)
            let (entered, gate) = (Gate(), Gate())
            let executor = try bench.executor { _, _ in
                entered.open()
                try? await gate.wait()
                return .done(.init(text: "too late"))
            }
            let task = Task { await executor.execute(running) }
            try await entered.wait()
            running.stop(.timedOut)
            await executor.abandon(running)
            #expect(try await bench.job(claim.id).status == .scheduled)
            gate.open()
            await task.value
            let job = try await bench.job(claim.id)
            #expect(job.status == .scheduled && job.result == nil && job.failures == 1)
            await executor.abandon(running)
            #expect(try await bench.kinds(claim.id) == ["queued", "running", "retrying"])
        }
    }

    @Test func anOutcomeIsWrittenWhenTheDatabaseIsBack() async throws {
        try await Bench.with { bench in
            let claims = try await [bench.claim(), bench.claim(), bench.claim()]
            let cutting = Task {
                while !Task.isCancelled { try await bench.test.terminateConnections() }
            }
            let executor = try bench.executor { _, context in
                try await context.save(checkpoint: ["page": 1])
                return .done(.init(text: "kept"))
            }
            let work = claims.map { claim in Task { await executor.execute(RunningJob(claim, grace: .seconds(9))) } }
            try await Task.sleep(for: .milliseconds(300))
            cutting.cancel()
            _ = await cutting.result
            for task in work { await task.value }
            for claim in claims {
                let job = try await bench.job(claim.id)
                #expect(job.status == .completed && job.attempt == 1)
                #expect(try await bench.kinds(claim.id) == ["queued", "running", "checkpoint", "completed"])
            }
        }
    }
}
