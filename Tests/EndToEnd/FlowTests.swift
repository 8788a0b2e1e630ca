import AMQP
import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// The flow of jobs through gateways, broker and workers: fairness, pauses, limits, times to live, unique jobs, and what is told of it.
@Suite(.serialized) struct FlowTests {
    /// A client of another tenant.
    private func tenant(_ name: String, _ stack: Stack) async throws -> HTTPClient {
        stack.client(key: try await stack.store.createKey(namespace: name, name: name, scopes: [.admin]))
    }

    private func submit(_ client: HTTPClient, _ more: JSONObject = [:]) async throws -> (status: Int, id: UUID) {
        var job: JSONObject = ["type": "noop"]
        for key in more.keys { job[key] = more[key] }
        let response = try await client.post("/api/v1/jobs", .object(job))
        guard let id = response.json["id"]?.stringValue.flatMap(UUID.init(text:)) else {
            throw TestKitError("submit answered \(response.status): \(response.text)")
        }
        return (response.status, id)
    }

    private func why(_ client: HTTPClient, _ id: UUID) async throws -> JSON {
        try await client.get("/api/v1/jobs/\(id.text)/why").json
    }

    private func count(_ stack: Stack, _ status: String) async throws -> Int64 {
        try await stack.database.query("SELECT count(*) AS n FROM jobs WHERE status = \(status)")[0].decode("n")
    }

    @Test("a single job of one tenant does not wait behind ten thousand of another") func fairness() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("NoopWorker", ["SWITCHYARD_SLOTS": "2"])
            _ = try await stack.submitNoop(10_000, ["sleep_ms": 20])
            let quiet = try await tenant("quiet", stack)
            var overtaken: [Int64] = []
            for priority in ["normal", "low", "normal"] {
                let job = try await submit(quiet, ["priority": .string(priority)])
                try await poll("the quiet tenant's job to end", details: { stack.logs }) {
                    try await quiet.get("/api/v1/jobs/\(job.id.text)").json["status"] == "completed"
                }
                // How many jobs of the busy tenant started between its submission and its start.
                let rows = try await stack.database.query(
                    """
                    SELECT count(*) AS n FROM jobs a, jobs b
                    WHERE b.id = \(job.id) AND a.namespace = 'default' AND a.started_at BETWEEN b.created_at AND b.started_at
                    """)
                overtaken.append(try rows[0].decode("n"))
            }
            #expect(try await count(stack, "queued") > 5000, "the busy tenant's backlog stood all the time")
            #expect(overtaken[0] <= 20 && overtaken[2] <= 20, "\(overtaken)")
            #expect(overtaken[1] <= 60, "the lowest class has one turn of twelve: \(overtaken)")
        }
    }

    @Test("a paused queue accepts jobs and starts none") func pause() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let other = stack.api
            try await stack.startGateway()
            let answer = try await stack.api.post("/api/v1/queues/noop/pause", ["reason": "maintenance"])
            #expect(answer.status == 200 && answer.json["paused"]?["reason"] == "maintenance")
            // The other gateway, which leads, hears of it within a second; from then on it dispatches nothing more.
            try await poll("the other gateway to hear of it") {
                try await why(other, submit(other).id)["reason"] == "queue_paused"
            }
            let kept = [try await submit(other).id, try await submit(stack.api).id]
            #expect(try await why(stack.api, kept[1])["facts"]?["paused_by"] == "test")
            try await poll("the queue to be measured") {
                try await stack.api.get("/api/v1/queues/noop").json["ready"]?.intValue ?? 0 >= 2
            }
            for id in kept {
                #expect(try await stack.api.get("/api/v1/jobs/\(id.text)").json["status"] == "queued")
            }
            #expect(try await stack.api.send("POST", "/api/v1/queues/noop/resume").json["paused"] == .null)
            try await stack.expectCompleted(kept)
            #expect(try await stack.api.send("POST", "/api/v1/queues/none/pause").status == 404)
        }
    }

    @Test("limits of a queue, a tenant and a key are never exceeded, and nothing stands still") func limits()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            func put(_ path: String, _ limit: JSON) async throws {
                let response = try await stack.api.send(
                    "PUT", "/api/v1/limits/" + path, body: limit.serialized(),
                    headers: [("Content-Type", "application/json")])
                #expect(response.status == 200, "\(response.text)")
            }
            try await put("queue/noop", ["max_running": 6])
            try await put("namespace/other", ["max_running": 2])
            try await put("key/printer", ["max_running": 1])
            let other = try await tenant("other", stack)
            var ids: [UUID] = []
            for number in 0..<60 {
                let spec: JSON = ["sleep_ms": 60]
                switch number % 3 {
                case 0: ids.append(try await submit(stack.api, ["spec": spec]).id)
                case 1: ids.append(try await submit(other, ["spec": spec]).id)
                default: ids.append(try await submit(stack.api, ["spec": spec, "concurrency_key": "printer"]).id)
                }
            }
            try await stack.wait(for: ids, toBe: .completed)
            // The most that ran at once, from the times of all: every start with those that had started and not ended.
            let rows = try await stack.database.query(
                """
                SELECT max(n) AS queue, max(k) FILTER (WHERE concurrency_key = 'printer') AS keyed, max(o) FILTER (WHERE namespace = 'other') AS others
                FROM (
                    SELECT a.namespace, a.concurrency_key, count(*) AS n,
                        count(*) FILTER (WHERE b.concurrency_key = 'printer') AS k,
                        count(*) FILTER (WHERE b.namespace = 'other') AS o
                    FROM jobs a JOIN jobs b ON b.started_at <= a.started_at AND b.finished_at > a.started_at
                    GROUP BY a.id, a.namespace, a.concurrency_key
                ) s
                """)
            #expect(try rows[0].decode("queue", as: Int64.self) <= 6)
            #expect(try rows[0].decode("others", as: Int64.self) <= 2)
            #expect(try rows[0].decode("keyed", as: Int64.self) <= 1)
        }
    }

    @Test("a limit says so, and a rate lets no more start than it says") func rates() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let body = JSON.object(["max_starts": 3, "per_seconds": 3600]).serialized()
            _ = try await stack.api.send("PUT", "/api/v1/limits/namespace/default", body: body)
            var ids: [UUID] = []
            for _ in 0..<5 { ids.append(try await submit(stack.api).id) }
            try await stack.wait(for: Array(ids[0...2]), toBe: .completed)
            for id in ids[3...4] {
                let why = try await why(stack.api, id)
                #expect(why["reason"] == "rate_limit" && why["facts"]?["max_starts"] == 3, "\(why)")
            }
            let listed = try await stack.api.get("/api/v1/limits").json
            #expect(listed["limits"]?[0]?["subject"] == "default" && listed["limits"]?[0]?["per_seconds"] == 3600)
            #expect(try await stack.api.send("DELETE", "/api/v1/limits/namespace/default").status == 204)
            #expect(try await stack.api.send("DELETE", "/api/v1/limits/namespace/default").status == 404)
            try await stack.expectCompleted(ids)
            for bad in ["{}", #"{"max_starts": 1}"#, #"{"max_running": -1}"#, #"{"x": 1}"#] {
                #expect(
                    try await stack.api.send("PUT", "/api/v1/limits/queue/noop", body: Array(bad.utf8)).status == 422)
            }
            #expect(try await stack.api.send("PUT", "/api/v1/limits/nothing/noop", body: body).status == 404)
        }
    }

    @Test("a job that waits too long is ended as expired, and one that a stranger sent too") func expiry() async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            worker.terminate()
            let job = try await submit(stack.api, ["expires_in_seconds": 1])
            try await stack.wait(for: [job.id], toBe: .failed)
            let row = try await stack.api.get("/api/v1/jobs/\(job.id.text)").json
            #expect(row["error"]?["code"] == "expired")
            #expect(try await why(stack.api, job.id)["reason"] == "expired")
            try await stack.startWorker()
            let late = UUID()
            try await stack.withPublisher { publisher in
                let body = stranger(id: late, more: ["expires_at": "2020-01-01T00:00:00Z"])
                _ = try await publisher.publish(Message(body: body), exchange: Topics.jobs, routingKey: "noop")
                try await stack.wait(for: [late], toBe: .failed)
            }
            try await stack.expectCompleted([try await submit(stack.api).id])
        }
    }

    @Test("a unique job is made once, by requests and strangers alike") func unique() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let wish: JSONObject = ["spec": ["sleep_ms": 700], "unique": ["key": "report", "for": "active"]]
            let first = try await submit(stack.api, wish)
            let second = try await submit(stack.api, wish)
            #expect(first.status == 201 && second.status == 200 && second.id == first.id)
            try await stack.withPublisher { publisher in
                let body = stranger(id: UUID(), more: ["unique": ["key": "report"]])
                _ = try await publisher.publish(Message(body: body), exchange: Topics.jobs, routingKey: "noop")
                try await stack.expectCompleted([first.id])
                // The stranger's command was taken in before this one.
                let later = UUID()
                _ = try await publisher.publish(
                    Message(body: stranger(id: later)), exchange: Topics.jobs, routingKey: "noop")
                try await stack.expectCompleted([later])
            }
            #expect(try await stack.database.query("SELECT id FROM jobs").count == 2)
            let third = try await submit(stack.api, wish)
            #expect(third.status == 201 && third.id != first.id)
        }
    }

    @Test("queues are measured, and every waiting job has its reason") func figures() async throws {
        try await withStack(settings: ["SWITCHYARD_DRAIN_TARGET": "10s"]) { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("NoopWorker", ["SWITCHYARD_SLOTS": "3"])
            _ = try await stack.submitNoop(3, ["sleep_ms": 60_000])
            let waiting = try await stack.submitNoop(20, ["sleep_ms": 60_000])
            let later = try await submit(stack.api, ["delay_seconds": 3600])
            var queue = JSON.null
            try await poll("the queue to be measured", details: { "\(queue)" }) {
                queue = try await stack.api.get("/api/v1/queues").json["queues"]?[0] ?? .null
                let stands = (queue["ready"]?.intValue ?? 0) + (queue["in_broker"]?.intValue ?? 0)
                return queue["running"] == 3 && stands == 20 && queue["scheduled"] == 1
                    && queue["rate_in_per_second"]?.doubleValue != nil
            }
            #expect(queue["type"] == "noop" && queue["busy_workers"] == 1 && queue["paused"] == .null)
            #expect(queue["in_broker"]?.intValue ?? 99 <= 8, "the window of slow jobs is small: \(queue)")
            #expect(queue["oldest_wait_seconds"]?.doubleValue ?? 0 > 0)
            #expect(queue["wanted_slots"]?.intValue ?? 0 > 3 && queue["wanted_workers"]?.intValue ?? 0 > 1)
            try await poll("the metrics to tell it") {
                try await stack.api.get("/metrics").text.contains("switchyard_queue_running{type=\"noop\"} 3")
            }
            try await poll("the last job's reason") {
                try await why(stack.api, waiting[19])["reason"] == "slots_busy"
            }
            #expect(try await why(stack.api, waiting[19])["facts"]?["ahead"]?.intValue ?? 0 > 0)
            #expect(try await why(stack.api, later.id)["reason"] == "scheduled")
            let running = try await stack.database.query("SELECT id FROM jobs WHERE status = 'running' LIMIT 1")
            #expect(try await why(stack.api, running[0].decode("id"))["reason"] == "running")
            worker.terminate()
            try await poll("the absence of workers to be noticed", within: .seconds(60)) {
                try await why(stack.api, waiting[19])["reason"] == "no_worker"
            }
            _ = try await stack.api.send("POST", "/api/v1/jobs/\(later.id.text)/cancel")
            #expect(try await why(stack.api, later.id)["reason"] == "cancelled")
            #expect(try await stack.api.get("/api/v1/jobs/\(UUID().text)/why").status == 404)
        }
    }
}
