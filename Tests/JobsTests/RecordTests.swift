import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct RecordTests {
    private func line(_ number: Int32, _ fence: Fence, _ message: String = "line", level: LogLevel = .info) -> LogLine {
        LogLine(attempt: fence.attempt, number: number, at: Date(), level: level, message: message)
    }

    private func everyKind(_ fence: Fence) -> [Record] {
        [
            .heartbeat(fence, lease: .seconds(30)), .logs(fence, [line(1, fence, "x")]),
            .progress(fence, phase: "p", progress: Array(text: #"{"completed":1}"#)),
            .checkpoint(fence, epoch: 1, state: Array(text: "{}")), .operators(fence, [report(fence)]),
            .errors(fence, [recordError(1, fence)]), .samples(fence, [sample(1, fence)]),
            .outcome(fence, ending(.completed, "completed")),
        ]
    }

    @Test func theNewestCheckpointsAreKept() async throws {
        try await withStore { store in
            let (fence, other) = (try await store.run(), try await store.run())
            _ = try await store.write([.checkpoint(other, epoch: 1, state: Array("{}".utf8))])
            for epoch in 1...25 as ClosedRange<Int32> {
                let answer = try await store.write([.checkpoint(fence, epoch: epoch, state: Array("{}".utf8))])
                #expect(answer == [.written])
            }
            let kept = try await store.database.query(
                "SELECT epoch FROM checkpoints WHERE job_id = \(fence.job) ORDER BY epoch"
            ).map { try $0.decode("epoch", as: Int32.self) }
            #expect(kept == Array(16...25))
            #expect(try await store.count("SELECT count(*) AS n FROM checkpoints WHERE job_id = \(other.job)") == 1)
        }
    }

    @Test func aStaleAttemptWritesNothing() async throws {
        try await withStore { store in
            let old = try await store.run()
            _ = try await store.write([.outcome(old, ending(.queued, "handed_back"))])
            let new = try await store.claimOne(old.job)
            let future = Fence(job: old.job, attempt: 3)
            let nobody = Fence(job: UUIDv7.generate(), attempt: 1)
            let before = try await store.snapshot(old.job)
            for fence in [old, future, nobody] {
                for record in everyKind(fence) {
                    #expect(try await store.write([record]) == [.superseded], "\(record)")
                }
                #expect(
                    try await store.write(everyKind(fence))
                        == Array(repeating: .superseded, count: everyKind(fence).count))
            }
            #expect(try await store.snapshot(old.job) == before)
            let counts: [Statement] = [
                "SELECT count(*) AS n FROM job_logs", "SELECT count(*) AS n FROM checkpoints",
                "SELECT count(*) AS n FROM job_operators", "SELECT count(*) AS n FROM job_errors",
                "SELECT count(*) AS n FROM job_samples",
            ]
            for count in counts { #expect(try await store.count(count) == 0, "\(count.sql)") }
            #expect(try await store.executionStatus(new) == nil)
            #expect(try await store.executionStatus(old) == "handed_back")
        }
    }

    @Test func whatAJobWroteBeforeItsEndIsWithinItsFence() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let records = everyKind(fence)
            #expect(try await store.write(records.reversed()) == Array(repeating: .written, count: records.count))
            #expect(try await store.kinds(fence.job) == ["queued", "running", "progress", "checkpoint", "completed"])
            #expect(try await store.logs(of: fence.job, LogFilter(minimum: .debug), after: (0, 0), limit: 9).count == 1)
            let after = try await store.snapshot(fence.job)
            #expect(
                try await store.write(records) == Array(repeating: .superseded, count: everyKind(fence).count),
                "the job has ended")
            #expect(try await store.snapshot(fence.job) == after)
        }
    }

    @Test func aHeartbeatRenewsTheLeaseAndHearsWhatIsWanted() async throws {
        try await withStore { store in
            let fence = try await store.run()
            try await store.expireLeases()
            #expect(try await store.write([.heartbeat(fence, lease: .seconds(30))]) == [.written])
            #expect(try await store.reap().isEmpty)
            _ = try await store.cancel(fence.job, namespace: "default", reason: nil)
            #expect(
                try await store.write([
                    .heartbeat(fence, lease: .seconds(30)), .logs(fence, [line(1, fence)]),
                ]).map(\.word) == ["wanted cancel", "written"])
        }
    }

    @Test func repeatedLinesAndCheckpointsAreStoredOnce() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let lines = (1...5).map { line(Int32($0), fence, "line \($0)") }
            let records: [Record] = [
                .logs(fence, Array(lines[0..<3])), .logs(fence, Array(lines[2..<5])),
                .checkpoint(fence, epoch: 1, state: Array(text: #"{"a":1}"#)), .heartbeat(fence, lease: .seconds(9)),
            ]
            for _ in 0..<3 { #expect(try await store.write(records) == Array(repeating: .written, count: 4)) }
            let stored = try await store.logs(of: fence.job, LogFilter(minimum: .debug), after: (0, 0), limit: 99)
            #expect(stored.map(\.message) == lines.map(\.message))
            #expect(try await store.kinds(fence.job) == ["queued", "running", "checkpoint"])
        }
    }

    @Test func nothingToSayIsAnsweredToo() async throws {
        try await withStore { store in
            let fence = try await store.run()
            #expect(try await store.write([]) == [])
            #expect(try await store.write([.logs(fence, [])]) == [.written])
            #expect(
                try await store.write([.logs(fence, []), .heartbeat(fence, lease: .seconds(9))]) == [
                    .written, .written,
                ])
        }
    }

    @Test func onlyTheLastProgressOfABatchIsWritten() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let records: [Record] = (1...4).map {
                .progress(fence, phase: $0 == 2 ? "two" : nil, progress: Array(text: #"{"completed":\#($0)}"#))
            }
            #expect(try await store.write(records) == Array(repeating: .written, count: 4))
            #expect(try await store.job(fence.job)?.progress.json() == ["completed": 4])
            #expect(try await store.kinds(fence.job) == ["queued", "running", "progress"])
            _ = try await store.write([.progress(fence, phase: "fetch", progress: Array(text: #"{"completed":5}"#))])
            _ = try await store.write([.progress(fence, phase: nil, progress: Array(text: #"{"completed":6}"#))])
            let job = try #require(try await store.job(fence.job))
            #expect(job.phase == "fetch", "no phase keeps the last")
            let event = try #require(try await store.history(fence.job).last)
            #expect(try event.data.json() == ["completed": 6, "phase": "fetch"])
        }
    }

    @Test func checkpointsOfAStoppingJobDoNotSayThatItRuns() async throws {
        try await withStore { store in
            let fence = try await store.run()
            _ = try await store.cancel(fence.job, namespace: "default", reason: nil)
            _ = try await store.write([.checkpoint(fence, epoch: 1, state: Array(text: "{}"))])
            let event = try #require(try await store.history(fence.job).last)
            #expect(event.kind == "checkpoint" && event.status == .stopping)
        }
    }

    @Test func aMixedBatchAnswersEachRecordInOrder() async throws {
        try await withStore { store in
            let live = try await store.run()
            let stopping = try await store.run()
            let ended = try await store.run()
            _ = try await store.cancel(stopping.job, namespace: "default", reason: nil)
            _ = try await store.write([.outcome(ended, ending(.failed, "failed"))])
            let records: [(Record, String)] = [
                (.outcome(ended, ending(.completed, "completed")), "superseded"),
                (.heartbeat(stopping, lease: .seconds(9)), "wanted cancel"),
                (.outcome(live, ending(.completed, "completed")), "written"),
                (.logs(ended, [line(1, ended)]), "superseded"),
                (.heartbeat(live, lease: .seconds(9)), "written"),
                (.heartbeat(ended, lease: .seconds(9)), "superseded"),
                (.checkpoint(stopping, epoch: 1, state: Array(text: "1")), "written"),
                (.logs(stopping, [line(1, stopping)]), "written"),
                (.progress(ended, phase: nil, progress: Array(text: "{}")), "superseded"),
            ]
            #expect(try await store.write(records.map(\.0)).map(\.word) == records.map(\.1))
            #expect(try await store.job(ended.job)?.status == .failed)
            #expect(try await store.job(live.job)?.status == .completed)
        }
    }
}
