import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// A real document job that is held still in its middle: what every call tells of it then, and how it is stopped and goes on.
@Suite(.serialized) struct RunningTests {
    private static let count = 40

    @Test func everyCallAnswersTruthfullyWhileTheJobRuns() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            // Long enough that the job is not taken away while its worker stands still.
            let worker = try await stack.startWorker("DocumentsWorker", ["SWITCHYARD_LEASE": "10m"])
            let job = try await Self.submit(to: stack)
            let id = try #require(UUID(text: job))
            async let streamed = stack.api.get("/api/v1/jobs/\(job)/events")
            func get(_ path: String) async throws -> JSON {
                let response = try await stack.api.get("/api/v1" + path)
                #expect(response.status == 200, "\(path): \(response.text)")
                return response.json
            }
            try await poll("some of everything to be told", details: { stack.logs }) {
                let newest = try await get("/jobs/\(job)/checkpoints")["checkpoints"]?.arrayValue?.first
                let output = try await get("/jobs/\(job)/output")["total_records"]?.intValue ?? 0
                let lines = try await get("/jobs/\(job)/logs")["logs"]?.arrayValue ?? []
                return (newest?["entries"]?.intValue ?? 0) >= 2 && output > 0 && !lines.isEmpty
            }
            worker.send(SIGSTOP)
            let done = try await Self.expectTruth(job, get)
            try await Self.expectOperators(job, get)
            try await Self.expectNoOtherMove(job, stack)

            let stopping = try await stack.control(id, "stop", ["mode": "checkpoint", "timeout_seconds": 300])
            #expect(stopping.status == 202 && stopping.json["status"] == "stopping", "\(stopping.text)")
            let times = ["expected_finish_at", "stop_deadline"].map {
                stopping.json[$0]?.stringValue.flatMap { Date(rfc3339: $0) }
            }
            #expect(try #require(times[0]) <= #require(times[1]))
            #expect(try await get("/jobs/\(job)/why")["reason"] == "stopping")
            worker.send(SIGCONT)
            try await stack.wait(for: [id], toBe: .stopped)
            let stopped = try await get("/jobs/\(job)")
            let kept = try #require(stopped["progress"]?["documents"]?.intValue)
            #expect(kept >= done && kept < Self.count)
            try await Self.expectSameEvents(try await streamed, try await get("/jobs/\(job)/history?limit=500"))
            try await Self.expectRest(of: job, after: kept, stack, get)
        }
    }

    private static func submit(to stack: Stack) async throws -> String {
        let text = (0..<4000).map { "Line \($0) of a text that takes its time." }.joined(separator: "\n\n")
        let response = try await stack.api.send("POST", "/api/v1/files?name=text.txt", body: Array(text.utf8))
        let file = try #require(response.json["id"]?.stringValue, "\(response.text)")
        let submitted = try await stack.api.post(
            "/api/v1/jobs",
            [
                "type": "document_processing", "labels": ["held": "still"],
                "spec": ["inputs": .array(Array(repeating: ["file_id": .string(file)], count: count))],
            ])
        return try #require(submitted.json["id"]?.stringValue, "\(submitted.text)")
    }

    /// - Returns: how many documents are finished.
    private static func expectTruth(_ job: String, _ get: (String) async throws -> JSON) async throws -> Int {
        let running = try await get("/jobs/\(job)")
        let checkpoint = try #require(try await get("/jobs/\(job)/checkpoints")["checkpoints"]?.arrayValue?.first)
        let done = try #require(checkpoint["entries"]?.intValue)
        #expect(running["status"] == "running" && running["attempt"] == 1 && running["finished_at"] == .null)
        let progress = try #require(running["progress"])
        let completed = try #require(progress["completed"]?.doubleValue)
        #expect(completed >= 1 && completed < Double(count) && progress["unit"] == "pages", "\(progress)")
        #expect((progress["percent"]?.doubleValue ?? 0) < 100 && progress["documents_total"]?.intValue == count)
        let timing = try #require(running["timing"])
        #expect((timing["elapsed_seconds"]?.doubleValue ?? -1) > 0)
        #expect((timing["average_unit_seconds"]?.doubleValue ?? -1) > 0)
        #expect(try await get("/jobs/\(job.prefix(30))")["id"]?.stringValue == job, "a short id")
        #expect(try await get("/jobs/\(job)?wait=100ms")["status"] == "running")
        for query in ["status=running", "label=held:still", "status=running&label=held:still&type=document_processing"]
        {
            let ids = try await get("/jobs?\(query)")["jobs"]?.arrayValue?.map { $0["id"]?.stringValue }
            #expect(ids == [job], "\(query)")
        }

        let why = try await get("/jobs/\(job)/why")
        let worker = try #require(running["worker"]?.stringValue)
        #expect(why["reason"] == "running" && why["sentence"]?.stringValue?.contains(worker) == true, "\(why)")
        let history = try await get("/jobs/\(job)/history?limit=500")["events"]?.arrayValue ?? []
        #expect(history.prefix(2).map { $0["event"]?.stringValue } == ["queued", "running"])
        #expect(history.count { $0["event"] == "checkpoint" } == done)
        let executions = try await get("/jobs/\(job)/executions")["executions"]?.arrayValue ?? []
        #expect(executions.count == 1 && executions[0]["status"] == "running", "\(executions)")
        #expect(executions.first?["worker"]?.stringValue == worker)

        let entries = try await get("/jobs/\(job)/checkpoints/\(checkpoint["epoch"]?.intValue ?? 0)/entries")
        #expect(entries["entries"]?.arrayValue?.count == done)
        let lines = try await get("/jobs/\(job)/logs?operator=extract&level=info")["logs"]?.arrayValue ?? []
        #expect(lines.allSatisfy { $0["operator"] == "extract" && $0["attempt"] == 1 })
        #expect(try await get("/jobs/\(job)/errors")["errors"] == [])
        let results = try await get("/jobs/\(job)/results?limit=500")
        #expect(results["status"] == "running" && results["result"] == .null)
        return done
    }

    /// What the calls of operators tell; numbers of the job's stages come with the worker's next report, so they are bounded by what
    /// there is.
    private static func expectOperators(_ job: String, _ get: (String) async throws -> JSON) async throws {
        let metrics = try await get("/jobs/\(job)/metrics")
        #expect((1...count).contains(metrics["records_in"]?.intValue ?? 0), "\(metrics)")
        #expect((try await get("/jobs/\(job)/operators/extract/metrics")["bytes_in"]?.intValue ?? 0) > 0)
        #expect(try await get("/jobs/\(job)/metric-groups")["sources"]?["operators"] == ["open"])
        #expect((try await get("/jobs/\(job)/output")["total_records"]?.intValue ?? 0) > 0)
        try await poll("the queue to show the job") {
            try await get("/queues/document_processing")["running"] == 1
        }
        let workers = try await get("/workers?type=document_processing")["workers"]?.arrayValue ?? []
        let worker = try #require(workers.first?["id"]?.stringValue)
        let jobs = try await get("/workers/\(worker)")["jobs"]?.arrayValue ?? []
        #expect(jobs.map { $0["id"]?.stringValue } == [job])
        let types = try await get("/types")["types"]?.arrayValue?.map { $0["name"]?.stringValue } ?? []
        #expect(types.contains("document_processing"))
        #expect(try await get("/dead-letters")["dead_letters"] == [])
    }

    private static func expectNoOtherMove(_ job: String, _ stack: Stack) async throws {
        let id = try #require(UUID(text: job))
        for action in ["retry", "rerun"] {
            let response = try await stack.control(id, action, [:])
            #expect(response.status == 409 && response.text.contains("running"), "\(action): \(response.text)")
        }
    }

    /// What is resumed does the rest, and only the rest.
    private static func expectRest(
        of job: String, after kept: Int, _ stack: Stack, _ get: (String) async throws -> JSON
    ) async throws {
        let retried = try await stack.control(try #require(UUID(text: job)), "retry", [:])
        let next = try #require(retried.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(retried.text)")
        #expect(retried.status == 201 && retried.json["original_job_id"]?.stringValue == job)
        try await stack.expectCompleted([next])
        let result = try await get("/jobs/\(next.text)/results?limit=1")["result"]
        #expect(result?["documents_processed"]?.intValue == count)
        #expect(try await get("/jobs/\(next.text)/metrics")["records_in"]?.intValue == count - kept)
        #expect(try await get("/jobs/\(job)")["status"] == "stopped", "the first one stays as it is")
    }

    private static func expectSameEvents(_ stream: HTTPClient.Response, _ history: JSON) async throws {
        let ids = stream.text.components(separatedBy: "\n").filter { $0.hasPrefix("id: ") }.map { $0.dropFirst(4) }
        let events = history["events"]?.arrayValue ?? []
        #expect(ids.map { Int($0) } == events.map { $0["seq"]?.intValue ?? $0["id"]?.intValue })
        #expect(events.last?["event"] == "stopped")
    }
}
