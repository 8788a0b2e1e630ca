import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct OutcomeTests {
    private struct Case: Sendable {
        let ending: Ending
        /// What becomes of a running job, and of one whose cancellation is wanted.
        let running: (status: JobStatus, kind: String)
        let stopping: (status: JobStatus, kind: String)
    }

    private static let cases: [Case] = [
        Case(
            ending: ending(.completed, "completed"), running: (.completed, "completed"),
            stopping: (.completed, "completed")),
        Case(
            ending: ending(.failed, "failed", fails: true), running: (.failed, "failed"), stopping: (.failed, "failed")),
        Case(
            ending: ending(.scheduled, "retrying", dueIn: .seconds(60), fails: true), running: (.scheduled, "retrying"),
            stopping: (.cancelled, "cancelled")),
        Case(
            ending: ending(.queued, "handed_back"), running: (.queued, "handed_back"),
            stopping: (.cancelled, "cancelled")),
        Case(
            ending: ending(.cancelled, "cancelled"), running: (.cancelled, "cancelled"),
            stopping: (.cancelled, "cancelled")),
        Case(
            ending: ending(.stopped, "stopped"), running: (.stopped, "stopped"), stopping: (.cancelled, "cancelled")),
    ]

    @Test(arguments: [false, true]) func everyEndLeadsWhereItShould(isStopping: Bool) async throws {
        try await withStore { store in
            for test in Self.cases {
                let fence = try await store.run()
                if isStopping { _ = try await store.cancel(fence.job, namespace: "default", reason: nil) }
                let wanted = isStopping ? test.stopping : test.running
                #expect(try await store.write([.outcome(fence, test.ending)]) == [.written])
                let after = try await store.snapshot(fence.job)
                #expect(after.status == wanted.status)
                #expect(after.failures == (test.ending.countsAsFailure ? 1 : 0))
                #expect(after.crashes == 0 && after.wanted == nil && !after.isDispatched && after.attempt == 1)
                #expect(after.terminalEvents == (wanted.status.isTerminal ? 1 : 0))
                #expect(after.lastEventStatus == wanted.status.rawValue)
                #expect(try await store.kinds(fence.job).last == wanted.kind)
                #expect(try await store.executionStatus(fence) == wanted.kind)
                let job = try #require(try await store.job(fence.job))
                #expect((job.finishedAt != nil) == wanted.status.isTerminal)
                #expect(try await store.write([.outcome(fence, test.ending)]) == [.superseded], "it ends once")
                #expect(try await store.snapshot(fence.job) == after)
            }
        }
    }

    @Test func aStoppedJobThatWasAskedToStopKeepsItsWayBack() async throws {
        try await withStore { store in
            let fence = try await store.run()
            _ = try await store.stop(fence.job, namespace: "default", .immediate, timeout: .seconds(60))
            let answer = try await store.write([.heartbeat(fence, lease: .seconds(9))])
            guard case .wanted(let wanted) = answer[0] else {
                Issue.record("\(answer)")
                return
            }
            #expect(wanted.wish == .immediate && wanted.within > .seconds(30) && wanted.within <= .seconds(60))
            _ = try await store.write([.outcome(fence, ending(.scheduled, "retrying", fails: true))])
            #expect(try await store.snapshot(fence.job).status == .stopped)
        }
    }

    @Test func theEndIsWrittenWhole() async throws {
        try await withStore { store in
            let fence = try await store.run()
            var done = ending(.completed, "completed")
            done.result = Array(text: #"{"pages":3}"#)
            done.progress = Array(text: #"{"completed":3}"#)
            done.phase = "done"
            _ = try await store.write([.outcome(fence, done)])
            let job = try #require(try await store.job(fence.job))
            #expect(try job.result.json() == ["pages": 3])
            #expect(try job.progress.json() == ["completed": 3])
            #expect(job.phase == "done")
            let event = try #require(try await store.history(fence.job).last)
            #expect(event.data == nil)
        }
    }

    @Test func aRetryWaitsAndTellsWhy() async throws {
        try await withStore { store in
            let fence = try await store.run()
            var retry = ending(.scheduled, "retrying", dueIn: .seconds(60), fails: true)
            retry.error = Array(text: #"{"code":"x","message":"y"}"#)
            _ = try await store.write([.outcome(fence, retry)])
            let job = try #require(try await store.job(fence.job))
            #expect(job.dueAt > Date(timeIntervalSinceNow: 30))
            #expect(try job.error.json()["code"] == "x")
            let data = try #require(try await store.history(fence.job).last).data.json()
            #expect(data["error"]?["code"] == "x")
            #expect(data["due_at"] != nil)
            #expect(try await store.release() == 0, "not due yet")
        }
    }
}
