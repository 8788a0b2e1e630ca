import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Jobs that are ended on request, by a client of a running platform.
@Suite(.serialized) struct StopTests {
    @Test func aStopAtACheckpointFinishesTheUnitAndIsResumed() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let job = try await stack.submitNoop(1, ["units": 100, "sleep_ms": 50])[0]
            try await stack.waitForCheckpoint(2, of: job)
            let asked = try await stack.control(
                job, "stop", ["mode": "checkpoint", "timeout_seconds": 60, "reason": "lunch"])
            #expect(asked.status == 202 && asked.json["wanted"] == "checkpoint", "\(asked.text)")
            let deadline = try #require(asked.json["stop_deadline"]?.stringValue.flatMap { Date(rfc3339: $0) })
            let expected = try #require(asked.json["expected_finish_at"]?.stringValue.flatMap { Date(rfc3339: $0) })
            #expect(expected < deadline, "the pace of the units says more than the deadline")
            try await stack.wait(for: [job], toBe: .stopped)
            let again = try await stack.control(job, "stop", [:])
            #expect(again.status == 200 && again.json["status"] == "stopped" && again.json["wanted"] == .null)
            let done = try await stack.units(of: job)
            #expect(done >= 2 && done < 100)

            let retried = try await stack.control(job, "retry", [:])
            #expect(retried.status == 201)
            let next = try #require(retried.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            try await stack.expectCompleted([next])
            let saved = try await stack.database.query(
                "SELECT count(*) AS n FROM events WHERE job_id = \(next) AND kind = 'checkpoint'")
            #expect(try saved[0].decode("n", as: Int64.self) == Int64(100 - done), "what was done is not done again")
        }
    }

    @Test func anImmediateStopAndAStopWhoseTimeIsOverEndAtOnce() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let jobs = try await stack.submitNoop(3, ["units": 2, "sleep_ms": 600_000])
            try await stack.wait(for: jobs, toBe: .running)
            #expect(
                try await stack.control(jobs[0], "stop", ["mode": "immediate", "timeout_seconds": 300]).status == 202)
            #expect(
                try await stack.control(jobs[1], "stop", ["mode": "checkpoint", "timeout_seconds": 1]).status == 202)
            // A wish that is asked for more urgently.
            #expect(
                try await stack.control(jobs[2], "stop", ["mode": "checkpoint", "timeout_seconds": 300]).status == 202)
            #expect(try await stack.control(jobs[2], "stop", ["mode": "force"]).status == 200)
            try await stack.wait(for: jobs, toBe: .stopped, within: .seconds(20))
        }
    }

    @Test("a request that no worker hears is fulfilled by the next heartbeat") func aLostRequest() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let jobs = try await stack.submitNoop(2, ["sleep_ms": 600_000])
            try await stack.wait(for: jobs, toBe: .running)
            // As a gateway does that dies between its commit and its message.
            _ = try await stack.store.stop(jobs[0], namespace: "default", .immediate)
            _ = try await stack.store.cancel(jobs[1], namespace: "default", reason: nil)
            try await stack.wait(for: [jobs[0]], toBe: .stopped, within: .seconds(20))
            try await stack.wait(for: [jobs[1]], toBe: .cancelled, within: .seconds(20))
        }
    }

    @Test("a worker that is gone does not keep a job from its end") func aDeadWorker() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            let jobs = try await stack.submitNoop(2, ["sleep_ms": 600_000])
            try await stack.wait(for: jobs, toBe: .running)
            worker.send(SIGSTOP)
            _ = try await stack.control(jobs[0], "stop", ["timeout_seconds": 1])
            _ = try await stack.control(jobs[1], "cancel", ["timeout_seconds": 1])
            try await stack.wait(for: [jobs[0]], toBe: .stopped)
            try await stack.wait(for: [jobs[1]], toBe: .cancelled)
        }
    }

    @Test("a handler that hears nothing cannot hold its slot") func stubbornHandlers() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("NoopWorker", ["SWITCHYARD_SLOTS": "1"])
            let stubborn: JSON = ["sleep_ms": 600_000, "stubborn": true]
            for (action, body, end) in [
                ("stop", ["mode": "force"], JobStatus.stopped), ("stop", ["timeout_seconds": 1], .stopped),
                ("cancel", ["timeout_seconds": 1], .cancelled), ("cancel", ["timeout_seconds": 0], .cancelled),
            ] as [(String, JSON, JobStatus)] {
                let job = try await stack.submitNoop(1, stubborn)[0]
                try await stack.wait(for: [job], toBe: .running)
                let next = try await stack.submitNoop(1)
                #expect([200, 202].contains(try await stack.control(job, action, body).status))
                try await stack.wait(for: [job], toBe: end, within: .seconds(20))
                try await stack.expectCompleted(next)
                let rows = try await stack.database.query(
                    "SELECT count(*) AS n FROM executions WHERE job_id = \(job) AND status = \(end.rawValue)")
                #expect(try rows[0].decode("n", as: Int64.self) == 1)
            }
            #expect(worker.isRunning)
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let job = try await stack.submitNoop(1)[0]
            try await stack.expectCompleted([job])
            let ended = try await stack.control(job, "stop", [:])
            #expect(ended.status == 409 && ended.json["code"] == "illegal_move")
            #expect(ended.json["detail"]?.stringValue?.contains("completed") == true)
            for (action, body) in [
                ("stop", ["mode": "softly"]), ("stop", ["timeout_seconds": -1]), ("cancel", ["mode": "force"]),
                ("restart", ["parallelism": 65]), ("restart", ["checkpoint_id": "x"]),
            ] as [(String, JSON)] {
                let answer = try await stack.control(job, action, body)
                #expect(answer.status == 422, "\(action) \(body): \(answer.text)")
            }
            #expect(try await stack.control(job, "restart", ["checkpoint_id": 3]).status == 404)
            #expect(try await stack.control(UUID(), "stop", [:]).status == 404)
        }
    }
}

extension Stack {
    /// Posts a control request.
    func control(_ job: UUID, _ action: String, _ body: JSON) async throws -> HTTPClient.Response {
        try await api.post("/api/v1/jobs/\(job.text)/\(action)", body)
    }

    func waitForCheckpoint(_ epoch: Int32, of job: UUID) async throws {
        try await poll("checkpoint \(epoch)", details: { self.logs }) {
            try await store.checkpoint(epoch, of: job) != nil
        }
    }

    /// The units that the newest checkpoint of a no-op job tells of.
    func units(of job: UUID) async throws -> Int {
        let rows = try await database.query(
            "SELECT (state->>'units')::bigint AS n FROM checkpoints WHERE job_id = \(job) ORDER BY epoch DESC LIMIT 1")
        return Int(try rows[0].decode("n", as: Int64.self))
    }
}
