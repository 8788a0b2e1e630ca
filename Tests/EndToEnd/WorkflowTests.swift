import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Workflows on a whole stack: each job runs when what it needs is there, whatever is killed in between.
@Suite(.serialized) struct WorkflowTests {
    private static func noop(_ needs: [String] = [], _ spec: JSON = [:], more: JSONObject = [:]) -> JSON {
        var job: JSONObject = ["type": "noop", "spec": spec, "depends_on": .array(needs.map { .string($0) })]
        for (name, value) in more { job[name] = value }
        return .object(job)
    }

    @Test func aDiamondRunsAndHandsResultsOn() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let flow = try await stack.startWorkflow([
                "a": Self.noop([], ["sleep_ms": 30]), "b": Self.noop(["a"]),
                "c": Self.noop([], ["sleep_ms": ["$ref": "#/jobs/a/result/slept_ms"]]), "d": Self.noop(["b", "c"]),
            ])
            let done = try await stack.wait(forWorkflow: flow, toBe: "completed")
            let jobs = try #require(done["jobs"]?.objectValue)
            #expect(jobs.keys == ["a", "b", "c", "d"])
            #expect(jobs["c"]?["depends_on"] == ["a"])
            let ids = jobs.compactMap { $0.value["id"]?.stringValue.flatMap(UUID.init(text:)) }
            #expect(try await stack.violations(of: ids).isEmpty)
            let c = try await stack.api.get("/api/v1/jobs/\(ids[2].text)").json
            #expect(c["spec"]?["sleep_ms"] == 30 && c["parent_id"]?.stringValue == flow)
            #expect(try await stack.api.get("/api/v1/jobs?parent=\(flow)").json["jobs"]?.arrayValue?.count == 4)
            let list = try await stack.api.get("/api/v1/workflows?status=completed&limit=1").json
            #expect(list["workflows"]?[0]?["id"]?.stringValue == flow && list["workflows"]?[0]?["jobs"] == nil)
            // Plain dependencies, on a job of the workflow.
            let after = try await stack.api.post(
                "/api/v1/jobs", ["type": "noop", "depends_on": [.string(ids[3].text)]])
            #expect(
                after.status == 201 && after.json["status"] == "scheduled" && after.json["scheduled_at"]?.isNull == true
            )
            let next = try #require(after.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            try await stack.expectCompleted([next])
        }
    }

    @Test func theOutputOfADocumentIsTheInputOfAnother() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let file = try await stack.api.send(
                "POST", "/api/v1/files?name=a.md", body: Array("# Title\n\nSome words.\n".utf8),
                headers: [("Content-Type", "text/markdown")])
            let id = try #require(file.json["id"])
            let flow = try await stack.startWorkflow([
                "extract": ["type": "document_processing", "spec": ["inputs": [["file_id": id]]]],
                "again": [
                    "type": "document_processing",
                    "spec": [
                        "inputs": [["file_id": ["$ref": "#/jobs/extract/result/artifacts/0/id"], "name": "again.txt"]]
                    ],
                ],
            ])
            let done = try await stack.wait(forWorkflow: flow, toBe: "completed")
            let again = try #require(done["jobs"]?["again"]?["id"]?.stringValue)
            let job = try await stack.api.get("/api/v1/jobs/\(again)").json
            #expect(job["result"]?["documents_processed"] == 1 && job["result"]?["errors"] == 0)
            let extract = try #require(done["jobs"]?["extract"]?["id"]?.stringValue)
            let first = try await stack.api.get("/api/v1/jobs/\(extract)").json
            #expect(job["spec"]?["inputs"]?[0]?["file_id"] == first["result"]?["artifacts"]?[0]?["id"])
        }
    }

    @Test func aFailingStepEndsWhatNeedsItAndARetryGoesOn() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let flow = try await stack.startWorkflow([
                "good": Self.noop(), "bad": Self.noop(["good"], ["fail": true], more: ["max_attempts": 1]),
                "after": Self.noop(["bad"]), "beside": Self.noop(["good"]),
            ])
            let failed = try await stack.wait(forWorkflow: flow, toBe: "failed")
            #expect(failed["jobs"]?["after"]?["status"] == "cancelled")
            #expect(failed["jobs"]?["after"]?["error"]?["code"] == "dependency_failed")
            #expect(failed["jobs"]?["beside"]?["status"] == "completed")
            #expect(try await stack.api.send("POST", "/api/v1/workflows/\(flow)/cancel").status == 409)
            let retry = try await stack.api.send("POST", "/api/v1/workflows/\(flow)/retry")
            #expect(retry.status == 201 && retry.json["retry_of"]?.stringValue == flow)
            #expect(retry.json["jobs"]?["good"]?["reused"] == true && retry.json["jobs"]?["bad"]?["reused"] == false)
            let second = try #require(retry.json["id"]?.stringValue)
            #expect(try await stack.api.send("POST", "/api/v1/workflows/\(flow)/retry").status == 200)
            _ = try await stack.wait(forWorkflow: second, toBe: "failed")
        }
    }

    @Test func theWholeIsCancelled() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let flow = try await stack.startWorkflow([
                "long": Self.noop([], ["sleep_ms": 3_600_000]), "after": Self.noop(["long"]),
            ])
            try await poll("the first job to run") {
                try await stack.api.get("/api/v1/workflows/\(flow)").json["jobs"]?["long"]?["status"] == "running"
            }
            let answer = try await stack.api.post("/api/v1/workflows/\(flow)/cancel", ["reason": "enough"])
            #expect(answer.status == 202 && answer.json["cancelling"] == true)
            #expect(answer.json["jobs"]?["after"]?["status"] == "cancelled")
            let done = try await stack.wait(forWorkflow: flow, toBe: "cancelled")
            #expect(done["jobs"]?["long"]?["status"] == "cancelled")
            #expect(try await stack.api.send("POST", "/api/v1/workflows/\(flow)/cancel").status == 200)
        }
    }

    @Test("kill -9 of the gateway between two steps") func theGatewayIsKilledBetweenTwoSteps() async throws {
        try await withStack { stack in
            let gateway = try await stack.startGateway()
            try await stack.startWorker()
            let flows = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await stack.startWorkflow([
                            "a": Self.noop([], ["sleep_ms": 300]), "b": Self.noop(["a"], ["sleep_ms": 100]),
                            "c": Self.noop(["b"]), "d": Self.noop(["a", "c"]),
                        ])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await poll("a first step to end") {
                let rows = try await stack.database.query(
                    "SELECT count(*) AS n FROM jobs WHERE status = 'completed'")
                return try rows[0].decode("n", as: Int.self) > 0
            }
            gateway.kill()
            // The worker ends what it has: nobody is there to release what comes next.
            try await poll("the running steps to end") {
                let rows = try await stack.database.query("SELECT count(*) AS n FROM jobs WHERE status = 'running'")
                return try rows[0].decode("n", as: Int.self) == 0
            }
            try await stack.startGateway()
            for flow in flows { _ = try await stack.wait(forWorkflow: flow, toBe: "completed") }
            let rows = try await stack.database.query("SELECT id FROM jobs")
            #expect(rows.count == 40)
            #expect(try await stack.violations(of: rows.map { try $0.decode("id", as: UUID.self) }).isEmpty)
        }
    }

    @Test func whatIsWrongIsSaidWithItsPlace() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let cases: [(JSON, String)] = [
                (["jobs": ["a": Self.noop(["b"]), "b": Self.noop(["a"])]], "/jobs/a/depends_on"),
                (["jobs": ["a": Self.noop(["x"])]], "/jobs/a/depends_on/0"),
                (["jobs": ["a": Self.noop([], ["sleep_ms": -1])]], "/jobs/a/spec/sleep_ms"),
                (["jobs": [:]], "/jobs"),
            ]
            for (body, pointer) in cases {
                let answer = try await stack.api.post("/api/v1/workflows", body)
                #expect(
                    answer.status == 422 && answer.json["errors"]?[0]?["pointer"]?.stringValue == pointer,
                    "\(answer.text)")
            }
            let nobody = UUID().text
            let refused = try await stack.api.post(
                "/api/v1/jobs/batch",
                ["jobs": [["type": "noop"], ["type": "noop", "depends_on": [.string(nobody)]]]])
            #expect(refused.status == 422 && refused.json["code"] == "unknown_dependency")
            #expect(refused.json["errors"]?[0]?["pointer"] == "/jobs/1/depends_on/0")
            #expect(try await stack.api.get("/api/v1/jobs").json["jobs"]?.arrayValue == [])
            for path in ["", "/cancel", "/retry"] {
                let method = path.isEmpty ? "GET" : "POST"
                #expect(try await stack.api.send(method, "/api/v1/workflows/\(nobody)\(path)").status == 404)
            }
        }
    }
}

extension Stack {
    func startWorkflow(_ jobs: JSONObject) async throws -> String {
        let response = try await api.post("/api/v1/workflows", ["jobs": .object(jobs)])
        guard response.status == 201, let id = response.json["id"]?.stringValue else {
            throw TestKitError("the workflow was answered with \(response.status): \(response.text)")
        }
        return id
    }

    /// The workflow once it is in the status.
    func wait(forWorkflow id: String, toBe status: String) async throws -> JSON {
        var last: JSON = .null
        try await poll("the workflow to be \(status)", details: { "\(last)\n\(self.logs)" }) {
            last = try await api.get("/api/v1/workflows/\(id)").json
            return last["status"]?.stringValue == status
        }
        return last
    }
}
