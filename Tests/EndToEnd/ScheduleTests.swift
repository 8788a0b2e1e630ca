import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

@Suite(.serialized) struct ScheduleTests {
    @Test func twoGatewaysFireATickOnceAlsoWhenOneIsKilled() async throws {
        try await withStack { stack in
            let first = try await stack.startGateway()
            try await stack.startGateway()
            try await stack.startWorker()
            var ids: [UUID] = []
            for _ in 0..<10 {
                let made = try await stack.api.post(
                    "/api/v1/schedules",
                    ["cron": "0 0 1 1 *", "catch_up": "last", "job": ["type": "noop"], "name": "yearly"])
                ids.append(try #require(made.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(made.text)"))
            }
            // As if nobody had run since the beginning of 2020; the one that leads is killed while it catches up.
            let tick = try #require(Date(rfc3339: "2020-01-01T00:00:00Z"))
            try await stack.database.query("UPDATE schedules SET next_at = \(tick)")
            try await poll("a tick to fire") {
                let rows = try await stack.database.query("SELECT count(*) AS n FROM jobs")
                return try rows[0].decode("n", as: Int.self) > 0
            }
            first.kill()
            try await poll("every schedule to have fired") {
                let rows = try await stack.database.query("SELECT count(*) AS n FROM schedules WHERE next_at > now()")
                return try rows[0].decode("n", as: Int.self) == 10
            }
            let rows = try await stack.database.query("SELECT id, parent_id FROM jobs")
            #expect(Set(try rows.map { try $0.decode("parent_id", as: UUID.self) }) == Set(ids) && rows.count == 10)
            try await stack.expectCompleted(try rows.map { try $0.decode("id", as: UUID.self) })
        }
    }

    @Test func aScheduleIsMadeReadChangedPausedTriggeredAndDeleted() async throws {
        try await withStack(settings: ["SWITCHYARD_MAX_SCHEDULES": "2"]) { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let api = stack.api
            let body: JSON = [
                "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "overlap": "skip",
                "job": ["type": "noop", "spec": ["sleep_ms": 1]],
            ]
            let made = try await api.post("/api/v1/schedules", body, headers: [("Idempotency-Key", "k")])
            #expect(made.status == 201 && made.json["next_ticks"]?.arrayValue?.count == 5)
            let path = "/api/v1/schedules/" + (try #require(made.json["id"]?.stringValue))
            #expect(made.headers["location"] == path)
            let again = try await api.post("/api/v1/schedules", body, headers: [("Idempotency-Key", "k")])
            #expect(again.status == 200 && again.json["id"] == made.json["id"])
            #expect(
                try await api.post(
                    "/api/v1/schedules", ["cron": "@daily", "job": ["type": "noop"]],
                    headers: [("Idempotency-Key", "k")]
                ).status == 422)
            #expect(try await api.post("/api/v1/schedules", body).status == 201)
            let full = try await api.post("/api/v1/schedules", body)
            #expect(full.status == 409 && full.json["code"] == "too_many_schedules")
            #expect(try await api.get("/api/v1/schedules?limit=1").json["schedules"]?.arrayValue?.count == 1)

            let paused = try await api.send("POST", path + "/pause")
            #expect(paused.status == 200 && paused.json["paused"] == true && paused.json["next_ticks"] == [])
            #expect(try await api.send("POST", path + "/resume").json["paused"] == false)
            let patch = Array(#"{"cron": "@hourly", "overlap": null, "name": "each hour"}"#.utf8)
            let changed = try await api.send("PATCH", path, body: patch)
            #expect(changed.json["cron"] == "@hourly" && changed.json["overlap"] == "allow", "\(changed.text)")
            let wrong = try await api.send("PATCH", path, body: Array(#"{"cron": "0 0 30 2 *"}"#.utf8))
            #expect(wrong.status == 422 && wrong.json["errors"]?[0]?["pointer"] == "/cron")

            let triggered = try await api.send("POST", path + "/trigger")
            #expect(triggered.status == 201 && triggered.json["parent_id"] == made.json["id"])
            try await stack.expectCompleted([try #require(triggered.json["id"]?.stringValue.flatMap(UUID.init(text:)))])

            let foreign = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.admin]))
            #expect(try await foreign.get(path).status == 404)
            #expect(try await foreign.send("DELETE", path).status == 404)
            #expect(try await foreign.get("/api/v1/schedules").json["schedules"] == [])
            #expect(try await api.send("DELETE", path).status == 204)
            #expect(try await api.get(path).status == 404)
        }
    }
}
