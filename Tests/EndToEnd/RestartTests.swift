import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Restart from a checkpoint, many jobs at once, and document jobs that are stopped.
@Suite(.serialized) struct RestartTests {
    @Test func aRunningJobIsRestartedFromAnEarlierCheckpoint() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let job = try await stack.submitNoop(1, ["units": 60, "sleep_ms": 40])[0]
            try await stack.waitForCheckpoint(4, of: job)
            let body: JSON = ["checkpoint_id": 3, "parallelism": 2, "reason": "bigger machine"]
            let key = [("Idempotency-Key", "restart-once")]
            let made = try await stack.api.post("/api/v1/jobs/\(job.text)/restart", body, headers: key)
            #expect(made.status == 201 && made.json["parallelism"] == 2, "\(made.text)")
            #expect(made.json["original_job_id"]?.stringValue == job.text)
            let again = try await stack.api.post("/api/v1/jobs/\(job.text)/restart", body, headers: key)
            #expect(again.status == 200 && again.json["id"] == made.json["id"])
            try await stack.wait(for: [job], toBe: .stopped)
            let next = try #require(made.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            try await stack.expectCompleted([next])
            let saved = try await stack.database.query(
                "SELECT count(*) AS n FROM events WHERE job_id = \(next) AND kind = 'checkpoint'")
            #expect(try saved[0].decode("n", as: Int64.self) == 57)
            let late = try await stack.database.query(
                "SELECT count(*) AS n FROM events WHERE job_id = \(job) AND kind IN ('completed', 'stopped')")
            #expect(try late[0].decode("n", as: Int64.self) == 1)
        }
    }

    @Test func manyJobsAreCountedCancelledAndRetriedTogether() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let label: JSON = ["run": "bulk"]
            let submitted = try await stack.api.post(
                "/api/v1/jobs/batch",
                [
                    "jobs": .array(
                        Array(
                            repeating: ["type": "noop", "labels": label, "spec": ["sleep_ms": 600_000]], count: 30))
                ])
            #expect(submitted.status == 201, "\(submitted.text)")
            let other = try await stack.submitNoop(1, ["sleep_ms": 600_000])
            func bulk(_ fields: JSONObject) async throws -> HTTPClient.Response {
                var body: JSONObject = ["filter": ["labels": label, "type": "noop"]]
                for (name, value) in fields { body[name] = value }
                return try await stack.api.post("/api/v1/jobs/bulk", .object(body))
            }
            let dry = try await bulk(["action": "cancel", "dry_run": true])
            #expect(dry.status == 200 && dry.json["matched"] == 30 && dry.json["at_least"] == false, "\(dry.text)")
            var (matched, changed, calls, cursor) = (0, 0, 0, JSON.null)
            repeat {
                var fields: JSONObject = ["action": "cancel", "limit": 12]
                if cursor != .null { fields["cursor"] = cursor }
                let answer = try await bulk(fields)
                #expect(answer.status == 200, "\(answer.text)")
                matched += answer.json["matched"]?.intValue ?? 0
                changed += answer.json["changed"]?.intValue ?? 0
                cursor = answer.json["next_cursor"] ?? .null
                calls += 1
            } while cursor != .null && calls < 10
            #expect((matched, changed, calls) == (30, 30, 3))
            let ids = (submitted.json["jobs"]?.arrayValue ?? []).compactMap {
                $0["id"]?.stringValue.flatMap(UUID.init(text:))
            }
            try await stack.wait(for: ids, toBe: .cancelled)
            try await stack.wait(for: other, toBe: .running)
            let retried = try await bulk(["action": "retry", "filter": ["status": ["cancelled"]]])
            #expect(retried.json["matched"] == 30 && retried.json["changed"] == 30, "\(retried.text)")
            let stopped = try await bulk(["action": "stop", "mode": "force"])
            #expect(stopped.json["changed"] == 30, "\(stopped.text)")
            #expect(try await bulk(["action": "rerun"]).status == 400, "without a key it would not be safe to repeat")
            #expect(try await bulk(["action": "cancel", "filter": [:]]).status == 422)
            #expect(try await bulk(["action": "cancel", "filter": ["status": []]]).status == 422)
            #expect(try await bulk(["action": "explode"]).status == 422)
            #expect(try await bulk(["action": "cancel", "cursor": "x"]).status == 400)
        }
    }

    @Test func aDocumentJobIsStoppedInEachModeAndGoesOn() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker", ["SWITCHYARD_SLOTS": "1"])
            let count = 12
            let inputs = try await stack.upload(count)
            let job = try await stack.process(inputs, parallelism: 1)
            try await stack.waitForCheckpoint(1, of: job)
            #expect(try await stack.control(job, "stop", ["timeout_seconds": 60]).status == 202)
            try await stack.wait(for: [job], toBe: .stopped)
            let finished = try await stack.documents(of: job)
            #expect(finished >= 1 && finished < count)
            let logged = try await stack.database.query(
                "SELECT count(*) AS n FROM job_logs WHERE job_id = \(job) AND operator = 'extract'")
            #expect(try logged[0].decode("n", as: Int64.self) == Int64(finished), "what was begun is in the checkpoint")

            // By force, in the middle of documents: the children are gone, and the only slot takes the next job.
            let forced = try await stack.process(inputs, parallelism: 4)
            try await poll("children at work", details: { stack.logs }) { !parsers(of: worker.pid).isEmpty }
            #expect(try await stack.control(forced, "stop", ["mode": "force"]).status == 200)
            let next = try await stack.control(job, "restart", ["parallelism": 3])
            #expect(next.status == 201, "\(next.text)")
            let id = try #require(next.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            try await stack.expectCompleted([id])
            #expect(parsers(of: worker.pid).isEmpty, "no child is left, and none unreaped")
            let result = try await stack.api.get("/api/v1/jobs/\(id.text)").json["result"]
            #expect(result?["documents_processed"]?.intValue == count)
            let again = try await stack.database.query(
                "SELECT count(*) AS n FROM job_logs WHERE job_id = \(id) AND operator = 'extract'")
            #expect(try again[0].decode("n", as: Int64.self) == Int64(count - finished))
        }
    }
}

extension Stack {
    fileprivate func upload(_ count: Int) async throws -> [JSON] {
        var inputs: [JSON] = []
        for number in 0..<count {
            let text = (0..<20_000).map { "Document \(number), paragraph \($0). A wagon waits in its siding." }
            let response = try await api.send(
                "POST", "/api/v1/files?name=\(number).txt", body: Array(text.joined(separator: "\n\n").utf8),
                headers: [("Content-Type", "text/plain; charset=utf-8")])
            inputs.append(["file_id": try #require(response.json["id"], "\(response.text)")])
        }
        return inputs
    }

    fileprivate func process(_ inputs: [JSON], parallelism: Int64) async throws -> UUID {
        let answer = try await api.post(
            "/api/v1/jobs",
            [
                "type": "document_processing", "spec": ["inputs": .array(inputs)], "parallelism": .int(parallelism),
            ])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    fileprivate func documents(of job: UUID) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT (state->>'documents')::bigint AS n FROM checkpoints WHERE job_id = \(job)
            ORDER BY epoch DESC LIMIT 1
            """)
        return Int(try rows[0].decode("n", as: Int64.self))
    }
}

/// The children of the helpers of a documents worker, ended and unreaped ones too.
private func parsers(of worker: Int32) -> [Int32] {
    let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    let parents = processes.compactMap { id -> (id: Int32, parent: Int32)? in
        guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let rest = stat.split(separator: ")").last?.split(separator: " "), rest.count > 1,
            let parent = Int32(rest[1])
        else { return nil }
        return (id, parent)
    }
    let helpers = Set(parents.filter { $0.parent == worker }.map(\.id))
    return parents.filter { helpers.contains($0.parent) }.map(\.id)
}
