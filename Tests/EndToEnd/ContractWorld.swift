import Foundation
import JSON
import Jobs
import TestKit

/// What there has to be so that each operation has something to be called on, and a good call of each.
struct ContractWorld {
    let calls: [String: GoodCall]

    init(_ stack: Stack) async throws {
        let api = stack.api
        func id(_ response: HTTPClient.Response) throws -> String {
            guard let id = response.json["id"]?.stringValue, UUID(uuidString: id) != nil else {
                throw TestKitError("no id in \(response.status): \(response.text)")
            }
            return id
        }
        func wait(_ id: String) async throws {
            guard try await api.get("/api/v1/jobs/\(id)?wait=30s&until=ended").json["finished_at"]?.stringValue != nil
            else { throw TestKitError("job \(id) did not end") }
        }
        let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("compose/samples/sample.pdf")
        let file = try id(
            try await api.send("POST", "/api/v1/files?name=a.pdf", body: Array(try Data(contentsOf: sample))))
        let document = try id(
            try await api.post(
                "/api/v1/jobs",
                ["type": "document_processing", "spec": ["inputs": [["file_id": .string(file)]]], "labels": ["a": "b"]])
        )
        try await wait(document)
        let failed = try id(
            try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["fail": true], "max_attempts": 1]))
        try await wait(failed)
        let later = try id(try await api.post("/api/v1/jobs", ["type": "noop", "delay_seconds": 3600]))
        let long = try id(
            try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["sleep_ms": 600_000, "units": 2]]))
        try await poll("a job to run") { try await api.get("/api/v1/jobs/\(long)").json["status"] == "running" }

        let json = [("Content-Type", "application/json")]
        calls = [
            "submitJob": GoodCall(body: Array(#"{"type":"noop"}"#.utf8), headers: json, expected: [201]),
            "submitBatch": GoodCall(body: Array(#"{"jobs":[{"type":"noop"}]}"#.utf8), headers: json, expected: [201]),
            "listJobs": GoodCall(query: "type=document_processing&status=completed,failed&label=a:b&limit=3"),
            "getJob": GoodCall(parameters: [document], query: "wait=1ms&until=change"),
            "cancelJob": GoodCall(parameters: [later], body: Array(#"{"reason":"enough"}"#.utf8), headers: json),
            "stopJob": GoodCall(
                parameters: [long], body: Array(#"{"mode":"checkpoint","timeout_seconds":60}"#.utf8), headers: json,
                expected: [202]),
            "restartJob": GoodCall(
                parameters: [document], body: Array(#"{"checkpoint_id":1,"parallelism":2}"#.utf8), headers: json,
                expected: [201]),
            "bulkJobs": GoodCall(
                body: Array(#"{"action":"cancel","filter":{"type":"nosuch"}}"#.utf8), headers: json),
            "retryJob": GoodCall(parameters: [failed], expected: [201]),
            "rerunJob": GoodCall(parameters: [document], expected: [201]),
            "streamEvents": GoodCall(parameters: [document], query: "after=0"),
            "listHistory": GoodCall(
                parameters: [document], query: "event=running,completed&level=job&since=2026-01-01T00:00:00Z&limit=2"),
            "listExecutions": GoodCall(parameters: [document], query: "order=desc&limit=2"),
            "listLogs": GoodCall(parameters: [document], query: "level=info&operator=extract&limit=2"),
            "listCheckpoints": GoodCall(parameters: [document], query: "limit=2"),
            "getCheckpoint": GoodCall(parameters: [document, "1"]),
            "listCheckpointEntries": GoodCall(parameters: [document, "1"], query: "limit=2"),
            "getMetrics": GoodCall(parameters: [document], query: "attempt=1"),
            "getOperatorMetrics": GoodCall(parameters: [document, "extract"]),
            "getMetricGroups": GoodCall(parameters: [document]),
            "listErrors": GoodCall(parameters: [document], query: "level=error&operator=extract&limit=2"),
            "listOutput": GoodCall(parameters: [document], query: "operator=chunk&format=csv&limit=2"),
            "getResults": GoodCall(parameters: [document], query: "limit=2"),
            "uploadFile": GoodCall(query: "name=b.txt", body: Array("text".utf8), expected: [201]),
            "getArtifact": GoodCall(parameters: [file]),
            "listTypes": GoodCall(),
            "getTypeSchema": GoodCall(parameters: ["noop"]),
            "listDeadLetters": GoodCall(query: "limit=2"),
        ]
    }
}
