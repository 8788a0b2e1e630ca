import Crypto
import Foundation
import JSON
import TestKit
import Testing

@testable import Jobs

@Suite struct StopTests {
    private func stop(
        _ id: UUID, _ store: JobStore, _ wish: Wish, timeout: Duration? = nil
    ) async throws -> StopOutcome {
        try await store.stop(id, namespace: "default", wish, timeout: timeout)
    }

    @Test func waitingJobsStopAtOnce() async throws {
        try await withStore { store in
            for wish in [Wish.checkpoint, .immediate, .force] {
                let scheduled = submission(at: Date(timeIntervalSinceNow: 60))
                _ = try await store.submit([(scheduled, .zero)])
                for id in [scheduled.id, try await store.queue()[0]] {
                    for _ in 0..<2 { #expect(try await stop(id, store, wish) == .done(abandoned: false)) }
                    let after = try await store.snapshot(id)
                    #expect(after.status == .stopped && after.events == 2 && after.terminalEvents == 1)
                    #expect(try await store.cancel(id, namespace: "default", reason: nil) == .ended(.stopped))
                    #expect(try await store.executions(of: id, after: 0, limit: 9).isEmpty)
                }
            }
        }
    }

    @Test func aRunningJobIsAskedAndTheWishStandsInItsRow() async throws {
        try await withStore { store in
            try await store.register(try probeType(policy: JobPolicy(cancelGraceSeconds: 77)))
            let fence = try await store.run()
            guard case .asked(let wanted) = try await stop(fence.job, store, .checkpoint) else {
                Issue.record("not asked")
                return
            }
            #expect(wanted.wish == .checkpoint && wanted.within > .seconds(70) && wanted.within <= .seconds(77))
            let job = try #require(try await store.job(fence.job))
            #expect(job.status == .stopping && job.wanted == .checkpoint)
            #expect(try #require(job.stopDeadline) > Date(timeIntervalSinceNow: 70))
            let event = try #require(try await store.history(fence.job).last).data.json()
            #expect(event["wanted"] == "checkpoint" && event["deadline"] != nil)
            guard case .wanted(let heard) = try await store.write([.heartbeat(fence, lease: .seconds(600))])[0] else {
                Issue.record("the heartbeat says nothing")
                return
            }
            #expect(heard.wish == .checkpoint && heard.within > .seconds(70))
            let (rest, last) = (try await store.snapshot(fence.job), ending(.stopped, "stopped"))
            #expect(rest.events == 3)
            #expect(try await store.write([.outcome(fence, last)]) == [.written])
            #expect(try await stop(fence.job, store, .checkpoint) == .done(abandoned: false))
            #expect(try await store.job(fence.job)?.stopDeadline == nil)
        }
    }

    @Test func onlyAStrongerWishOrANearerDeadlineChangesAnything() async throws {
        let wishes: [(wish: Wish, strength: Int)] = [(.checkpoint, 1), (.immediate, 2), (.cancel, 3)]
        try await withStore { store in
            for first in wishes {
                for second in wishes {
                    for (timeout, isNearer) in [(Duration.seconds(30), true), (.seconds(900), false)] {
                        let id = try await store.run().job
                        _ = try await stop(id, store, first.wish, timeout: .seconds(300))
                        let before = try await store.snapshot(id)
                        guard case .asked(let wanted) = try await stop(id, store, second.wish, timeout: timeout) else {
                            Issue.record("not asked")
                            return
                        }
                        let stronger = second.strength > first.strength
                        #expect(wanted.wish == (stronger ? second.wish : first.wish))
                        let isShortened = isNearer && second.strength >= first.strength
                        #expect((wanted.within < .seconds(31)) == isShortened, "\(first) \(second) \(timeout)")
                        #expect(wanted.within <= .seconds(300), "a promised time is kept")
                        let isChanged = stronger || isShortened
                        #expect(try await store.snapshot(id).events == before.events + (isChanged ? 1 : 0))
                    }
                }
            }
        }
    }

    @Test func forceEndsTheExecutionAtOnce() async throws {
        try await withStore { store in
            for early in [nil, Wish.checkpoint, .immediate] {
                let fence = try await store.run(worker: "busy")
                _ = try await store.write([.checkpoint(fence, epoch: 4, state: Array(text: "{}"))])
                if let early { _ = try await stop(fence.job, store, early, timeout: .seconds(600)) }
                #expect(try await stop(fence.job, store, .force) == .done(abandoned: true))
                #expect(try await stop(fence.job, store, .force) == .done(abandoned: false))
                let after = try await store.snapshot(fence.job)
                #expect(after.status == .stopped && after.wanted == nil && after.terminalEvents == 1)
                #expect(try await store.history(fence.job).last?.data.json()["forced"] == true)
                #expect(try await store.executionStatus(fence) == "stopped")
                #expect(
                    try await store.write([
                        .heartbeat(fence, lease: .seconds(9)), .checkpoint(fence, epoch: 5, state: Array(text: "{}")),
                        .outcome(fence, ending(.completed, "completed")),
                    ]) == [.superseded, .superseded, .superseded])
                #expect(try await store.snapshot(fence.job) == after)
                #expect(try await store.checkpoints(of: fence.job, before: .max, limit: 9).map(\.epoch) == [4])
            }
        }
    }

    @Test func noTimeAtAllIsForce() async throws {
        try await withStore { store in
            let fence = try await store.run()
            #expect(
                try await store.cancel(fence.job, namespace: "default", reason: nil, timeout: .zero)
                    == .done(abandoned: true))
            #expect(try await store.snapshot(fence.job).status == .cancelled)
        }
    }

    /// A job that is being cancelled never comes to be resumable.
    @Test func forceDoesNotTurnACancellationIntoAStop() async throws {
        try await withStore { store in
            let fence = try await store.run()
            _ = try await store.cancel(fence.job, namespace: "default", reason: nil)
            guard case .asked(let wanted) = try await stop(fence.job, store, .force), wanted.wish == .cancel else {
                Issue.record("the cancellation is gone")
                return
            }
            _ = try await store.write([.outcome(fence, ending(.stopped, "stopped"))])
            #expect(try await store.snapshot(fence.job).status == .cancelled)
        }
    }

    @Test func whatHasEndedOtherwiseIsNamed() async throws {
        try await withStore { store in
            for status in [JobStatus.completed, .failed, .cancelled] {
                let fence = try await store.run()
                _ = try await store.write([.outcome(fence, ending(status, status.rawValue))])
                for wish in [Wish.checkpoint, .immediate, .force] {
                    #expect(try await stop(fence.job, store, wish) == .ended(status))
                }
            }
            let id = try await store.queue()[0]
            #expect(try await store.stop(id, namespace: "other", .force) == .unknown)
            #expect(try await store.snapshot(id).status == .queued)
        }
    }

    @Test func aWorkerThatLivesOnLosesTheJobAfterTheDeadline() async throws {
        try await withStore { store in
            let fence = try await store.run()
            _ = try await stop(fence.job, store, .checkpoint, timeout: .seconds(60))
            _ = try await store.write([.heartbeat(fence, lease: .seconds(3600))])
            let rows = try await store.database.query(
                "SELECT lease_until <= stop_deadline + interval '6 seconds' AS bound FROM jobs WHERE id = \(fence.job)")
            #expect(try rows[0].decode("bound", as: Bool.self))
            try await store.database.query(
                "UPDATE jobs SET stop_deadline = now() - interval '1 minute' WHERE id = \(fence.job)")
            _ = try await store.write([.heartbeat(fence, lease: .seconds(3600))])
            #expect(try await store.reap().map(\.status) == [.stopped])
            #expect(try await store.executionStatus(fence) == "lost")
        }
    }

    @Test func thePaceOfCheckpointsTellsWhenTheNextIsDue() async throws {
        let start = Date(timeIntervalSince1970: 1000)
        func pace(_ count: Int, _ first: Double, _ last: Double) -> Double {
            CheckpointPace(count: count, first: start + first, last: start + last).next(since: start)
                .timeIntervalSince(start)
        }
        #expect(pace(1, 7, 7) == 14)
        #expect(pace(5, 10, 50) == 60)
        try await withStore { store in
            let fence = try await store.run()
            #expect(try await store.checkpointPace(of: fence.job, attempt: 1) == nil)
            for epoch in 1...3 as ClosedRange<Int32> {
                _ = try await store.write([.checkpoint(fence, epoch: epoch, state: Array(text: "{}"))])
            }
            let found = try #require(try await store.checkpointPace(of: fence.job, attempt: 1))
            #expect(found.count == 3 && found.first < found.last)
        }
    }

    @Test func manyAreStoppedAtOnceAndThoseThatAreHeldOneByOne() async throws {
        try await withStore { store in
            let ids = try await store.queue(20)
            let (locked, release) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
            let holder = Task {
                try await store.database.transaction { session in
                    _ = try session.query("SELECT 1 FROM jobs WHERE id = \(ids[3]) FOR UPDATE")
                    locked.continuation.finish()
                    release.wait()
                }
            }
            for await _ in locked.stream {}
            let stopping = Task { try await store.stop(ids, namespace: "default", .immediate) }
            try await eventually("the others to be stopped") {
                try await store.count("SELECT count(*) AS n FROM jobs WHERE status = 'stopped'") == 19
            }
            release.signal()
            try await holder.value
            let results = try await stopping.value
            #expect(results.allSatisfy { $0.outcome == .done(abandoned: false) && $0.isChanged })
            let again = try await store.stop(ids, namespace: "default", .immediate)
            #expect(again.allSatisfy { $0.outcome == .done(abandoned: false) && !$0.isChanged })
        }
    }
}
