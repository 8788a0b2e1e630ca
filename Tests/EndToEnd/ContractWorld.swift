import AMQP
import Crypto
import Foundation
import JSON
import Jobs
import TestKit

/// What there has to be so that each operation has something to be called on, and a good call of each.
struct ContractWorld {
    /// What its gateway is started with.
    static let gatewaySettings = Dictionary(
        uniqueKeysWithValues: ["GITHUB", "GITLAB", "GITEA"].map { ("SWITCHYARD_HOOK_SECRET_" + $0, hookSecret) })
    private static let hookSecret = "a secret of git providers"

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
        let spec: JSON = ["inputs": [["file_id": .string(file)]], "page_images": ["size": 64]]
        let document = try id(
            try await api.post(
                "/api/v1/jobs", ["type": "document_processing", "spec": spec, "labels": ["a": "b"]]))
        try await wait(document)
        let read = try await api.get("/api/v1/documents?job_id=\(document)").json["documents"]?.arrayValue ?? []
        let row = read.first?["id"]?.stringValue ?? ""
        guard let leader = UUID(text: document) else { throw TestKitError("no UUID: \(document)") }
        let page = try await stack.addCrawl(to: leader)
        try await stack.addEmbeddings(of: leader)
        try await stack.addDatasets()
        let failed = try id(
            try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["fail": true], "max_attempts": 1]))
        try await wait(failed)
        let later = try id(try await api.post("/api/v1/jobs", ["type": "noop", "delay_seconds": 3600]))
        let long = try id(
            try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["sleep_ms": 600_000, "units": 2]]))
        try await poll("a job to run") { try await api.get("/api/v1/jobs/\(long)").json["status"] == "running" }

        let schedule = try id(
            try await api.post("/api/v1/schedules", ["cron": "@yearly", "job": ["type": "noop"], "name": "yearly"]))
        let ending = try id(
            try await api.post(
                "/api/v1/workflows",
                [
                    "jobs": [
                        "a": ["type": "noop", "spec": ["fail": true], "max_attempts": 1],
                        "b": ["type": "noop", "depends_on": ["a"]],
                    ]
                ]))
        try await poll("the workflow to fail") {
            try await api.get("/api/v1/workflows/\(ending)").json["status"] == "failed"
        }
        let unwanted = try id(
            try await api.post("/api/v1/schedules", ["cron": "@yearly", "job": ["type": "noop"]]))
        let workflow: JSON = [
            "jobs": [
                "a": ["type": "noop"],
                "b": ["type": "noop", "spec": ["sleep_ms": ["$ref": "#/jobs/a/result/slept_ms"]]],
            ]
        ]
        let waiting = try id(
            try await api.post("/api/v1/workflows", ["jobs": ["a": ["type": "noop", "delay_seconds": 3600]]]))
        let webhook = try id(try await api.post("/api/v1/webhooks", ["url": "http://receiver.invalid/"]))
        let unwantedHook = try id(try await api.post("/api/v1/webhooks", ["url": "http://receiver.invalid/"]))
        let delivery =
            try await api.send("POST", "/api/v1/webhooks/\(webhook)/test").json["id"]?.intValue.map { String($0) } ?? ""

        let json = [("Content-Type", "application/json")]
        let news = Array(#"{"zen":"Half measures are as bad as nothing at all."}"#.utf8)
        let signature = Hex.encode(hmacSHA256(key: Array(Self.hookSecret.utf8), message: news))
        let bad = stranger(id: UUID(), spec: ["sleep_ms": "long"])
        try await stack.withPublisher { publisher in
            for body in [bad, stranger(id: UUID(), spec: ["sleep_ms": "longer"])] {
                _ = try await publisher.publish(Message(body: body), exchange: Topics.jobs, routingKey: "noop")
            }
        }
        var letters: [String] = []
        try await poll("the dead letters") {
            let list = try await api.get("/api/v1/dead-letters").json["dead_letters"]?.arrayValue ?? []
            letters = list.compactMap { $0["id"]?.stringValue }
            return letters.count == 2
        }
        let workers = try await api.get("/api/v1/workers?type=noop").json["workers"]?.arrayValue ?? []
        let worker = workers.first?["id"]?.stringValue ?? ""
        let key = try id(try await api.post("/api/v1/keys", ["name": "a", "scopes": ["read"]]))
        _ = try await api.send(
            "PUT", "/api/v1/limits/key/printer", body: Array(#"{"max_running":2}"#.utf8), headers: json)
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
            // It is no pull request.
            "retryPullRequest": GoodCall(parameters: [failed], query: "wait=1s", expected: [409]),
            "takeGithubDelivery": GoodCall(
                body: news, headers: json + [("X-Hub-Signature-256", "sha256=" + signature)], expected: [204]),
            "takeGitlabDelivery": GoodCall(
                body: news, headers: json + [("X-Gitlab-Token", Self.hookSecret)], expected: [204]),
            "takeGiteaDelivery": GoodCall(
                body: news, headers: json + [("X-Forgejo-Signature", signature)], expected: [204]),
            "rerunJob": GoodCall(parameters: [document], expected: [201]),
            "streamEvents": GoodCall(parameters: [document], query: "after=0"),
            "listHistory": GoodCall(
                parameters: [document], query: "event=running,completed&level=job&since=2026-01-01T00:00:00Z&limit=2"),
            "listExecutions": GoodCall(parameters: [document], query: "order=desc&limit=2"),
            "listLogs": GoodCall(parameters: [document], query: "level=info&operator=extract&limit=2"),
            "listCheckpoints": GoodCall(parameters: [document], query: "limit=2"),
            "getCheckpoint": GoodCall(parameters: [document, "1"]),
            "createSchedule": GoodCall(
                body: Array(#"{"cron":"0 3 * * mon-fri","time_zone":"Europe/Berlin","job":{"type":"noop"}}"#.utf8),
                headers: json, expected: [201]),
            "listSchedules": GoodCall(query: "limit=2"),
            "getSchedule": GoodCall(parameters: [schedule]),
            "changeSchedule": GoodCall(
                parameters: [schedule], body: Array(#"{"cron":"@hourly","name":null}"#.utf8), headers: json),
            "deleteSchedule": GoodCall(parameters: [unwanted], expected: [204]),
            "pauseSchedule": GoodCall(parameters: [schedule]),
            "resumeSchedule": GoodCall(parameters: [schedule]),
            "triggerSchedule": GoodCall(parameters: [schedule], expected: [201]),
            "startWorkflow": GoodCall(body: workflow.serialized(), headers: json, expected: [201]),
            "listWorkflows": GoodCall(query: "status=failed&limit=2"),
            "getWorkflow": GoodCall(parameters: [ending]),
            "cancelWorkflow": GoodCall(
                parameters: [waiting], body: Array(#"{"reason":"enough"}"#.utf8), headers: json, expected: [202]),
            "retryWorkflow": GoodCall(parameters: [ending], expected: [201]),
            "listCheckpointEntries": GoodCall(parameters: [document, "1"], query: "limit=2"),
            "getMetrics": GoodCall(parameters: [document], query: "attempt=1"),
            "getOperatorMetrics": GoodCall(parameters: [document, "extract"]),
            "getMetricGroups": GoodCall(parameters: [document]),
            "listErrors": GoodCall(parameters: [document], query: "level=error&operator=extract&limit=2"),
            "listOutput": GoodCall(parameters: [document], query: "operator=chunk&format=csv&limit=2"),
            "getResults": GoodCall(parameters: [document], query: "limit=2"),
            "uploadFile": GoodCall(query: "name=b.txt", body: Array("text".utf8), expected: [201]),
            "getArtifact": GoodCall(parameters: [file]),
            "signArtifact": GoodCall(
                parameters: [file], body: Array(#"{"expires_in":60}"#.utf8), headers: json),
            "listDocuments": GoodCall(query: "job_id=\(document)&status=completed&limit=2"),
            "getDocument": GoodCall(parameters: [row]),
            "listDocumentPages": GoodCall(parameters: [row], query: "limit=2"),
            "listDocumentChunks": GoodCall(parameters: [row], query: "page=1&limit=2"),
            "listCrawledPages": GoodCall(parameters: [document], query: "host=a.test&duplicates=exclude&limit=2"),
            "getCrawledPage": GoodCall(parameters: [document, String(page)]),
            "listCrawledURLs": GoodCall(parameters: [document], query: "state=page,waiting&limit=2"),
            "search": GoodCall(
                body: Array(
                    #"{"query":"one","vector":[1,0,0],"mode":"hybrid","top_k":2,"min_score":0.1,"filters":{"labels":{"set":"docs"}}}"#
                        .utf8), headers: json),
            "createWebhook": GoodCall(
                body: Array(#"{"url":"https://example.com/hook","events":["completed"]}"#.utf8), headers: json,
                expected: [201]),
            "listWebhooks": GoodCall(query: "limit=2"),
            "getWebhook": GoodCall(parameters: [webhook]),
            "changeWebhook": GoodCall(
                parameters: [webhook], body: Array(#"{"description":"mine"}"#.utf8), headers: json),
            "deleteWebhook": GoodCall(parameters: [unwantedHook], expected: [204]),
            "rotateWebhookSecret": GoodCall(parameters: [webhook]),
            "testWebhook": GoodCall(parameters: [webhook], expected: [202]),
            "listDeliveries": GoodCall(parameters: [webhook], query: "status=pending,delivered&limit=2"),
            "getDelivery": GoodCall(parameters: [webhook, delivery]),
            "replayDelivery": GoodCall(parameters: [webhook, delivery], expected: [202]),
            "explainJob": GoodCall(parameters: [document]),
            "listQueues": GoodCall(),
            "getQueue": GoodCall(parameters: ["noop"]),
            "pauseQueue": GoodCall(parameters: ["noop"], body: Array(#"{"reason":"maintenance"}"#.utf8), headers: json),
            "resumeQueue": GoodCall(parameters: ["noop"]),
            "listLimits": GoodCall(),
            "putLimit": GoodCall(
                parameters: ["key", "printer"], body: Array(#"{"max_running":1}"#.utf8), headers: json),
            "deleteLimit": GoodCall(parameters: ["key", "printer"], expected: [204]),
            "listTypes": GoodCall(),
            "listDatasets": GoodCall(),
            "getTypeSchema": GoodCall(parameters: ["noop"]),
            "listDeadLetters": GoodCall(query: "reason=invalid_spec&type=noop&state=waiting&limit=2"),
            "getDeadLetter": GoodCall(parameters: [letters[0]]),
            "redriveDeadLetter": GoodCall(
                parameters: [letters[0]], body: Array(#"{"routing_key":"noop"}"#.utf8), headers: json),
            "redriveDeadLetters": GoodCall(body: Array(#"{"reason":"invalid_spec"}"#.utf8), headers: json),
            "deleteDeadLetter": GoodCall(parameters: [letters[1]], expected: [204]),
            "listWorkers": GoodCall(query: "type=noop&state=active&limit=2"),
            "getWorker": GoodCall(parameters: [worker]),
            "drainWorker": GoodCall(parameters: [worker], expected: [200, 202]),
            "resumeWorker": GoodCall(parameters: [worker], expected: [200, 202]),
            "listKeys": GoodCall(query: "namespace=default&limit=2"),
            "makeKey": GoodCall(body: Array(#"{"name":"b","scopes":["read"]}"#.utf8), headers: json, expected: [201]),
            "getKey": GoodCall(parameters: [key]),
            "rotateKey": GoodCall(parameters: [key], body: Array(#"{"grace_seconds":5}"#.utf8), headers: json),
            "revokeKey": GoodCall(parameters: [key], query: "force=false"),
            "listAudit": GoodCall(query: "action=key.create&namespace=*&since=2020-01-01T00:00:00Z&limit=2"),
        ]
    }
}
