import Foundation
import HTTPServer
import JSON
import Jobs
import TestKit
import Testing

/// Webhooks and events on a whole stack, as clients use them.
@Suite(.serialized) struct EventsTests {
    private let settings = [
        "SWITCHYARD_WEBHOOK_ALLOW": "127.0.0.1", "SWITCHYARD_WEBHOOK_BACKOFF": "50ms",
        "SWITCHYARD_WEBHOOK_TIMEOUT": "2s",
    ]

    /// The words of each job's events in the order of their arrival, each repetition left out.
    private func arrivals(at receiver: Receiver) throws -> [UUID: [String]] {
        var seen: Set<String> = []
        var words: [UUID: [String]] = [:]
        for request in receiver.requests where seen.insert(request.headers["webhook-id"] ?? "").inserted {
            let data = try #require(try JSON.parse(request.bytes)["data"])
            guard let job = data["job_id"]?.stringValue.flatMap(UUID.init(text:)) else { continue }
            words[job, default: []].append(data["event"]?.stringValue ?? "")
        }
        return words
    }

    @Test func aKilledGatewayLosesNoDelivery() async throws {
        let gate = Gate()
        let receiver = try Receiver { _, count in
            // The first ones are never answered in the life of the gateway that sent them.
            if count < 5 { await gate.pass() }
            return HTTPResponse(status: count % 7 == 6 ? 500 : 200)
        }
        try await withStack(settings: settings) { stack in
            let first = try await stack.startGateway()
            try await stack.startWorker()
            let made = try await stack.api.post(
                "/api/v1/webhooks", ["url": .string(receiver.url()), "events": ["queued", "running", "completed"]])
            #expect(made.status == 201 && made.json["secret"]?.stringValue?.hasPrefix("whsec_") == true)
            let before = try await stack.submitNoop(20)
            try await eventually("deliveries to be under way") { receiver.requests.count >= 5 }
            first.kill()
            try await stack.startGateway()
            gate.open()
            let after = try await stack.submitNoop(20)
            try await stack.expectCompleted(before + after)
            try await eventually(within: .seconds(60), "every event") {
                let words = try arrivals(at: receiver)
                return words.count == 40 && words.values.allSatisfy { $0.last == "completed" }
            }
            let words = try arrivals(at: receiver)
            #expect(Set(words.keys) == Set(before + after))
            for words in words.values { #expect(words == ["queued", "running", "completed"]) }
        }
        await receiver.stop()
    }

    @Test func webhooksAreManagedOverTheAPI() async throws {
        let receiver = try Receiver { _, count in HTTPResponse(status: count == 0 ? 500 : 200, body: .string("thanks"))
        }
        try await withStack(settings: settings) { stack in
            try await stack.startGateway()
            let api = stack.api
            for bad: JSON in [
                [:], ["url": "ftp://x/"], ["url": "http://10.0.0.1/"], ["url": "http://[::1]/"],
                ["url": "http://u:p@example.com/"],
                ["url": "http://example.com/", "events": []], ["url": "http://example.com/", "events": ["x"]],
                ["url": "http://example.com/", "labels": ["a": 1]],
                ["url": "http://example.com/", "status": "disabled"],
            ] {
                #expect(try await api.post("/api/v1/webhooks", bad).status == 422, "\(bad)")
            }
            let made = try await api.post("/api/v1/webhooks", ["url": .string(receiver.url()), "description": "mine"])
            let path = "/api/v1/webhooks/" + (made.json["id"]?.stringValue ?? "")
            #expect(made.status == 201 && made.headers["location"] == path)
            let read = try await api.get(path)
            #expect(read.status == 200 && read.json["secret"] == nil && read.json["description"] == "mine")
            #expect(read.json["events"]?.arrayValue?.count == 8)
            #expect(try await api.get("/api/v1/webhooks").json["webhooks"]?.arrayValue?.count == 1)
            let stranger = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "k", scopes: [.admin]))
            #expect(try await stranger.get(path).status == 404)
            #expect(try await stranger.send("DELETE", path).status == 404)
            #expect(try await stranger.get(path + "/deliveries").status == 404)

            let test = try await api.send("POST", path + "/test")
            #expect(test.status == 202 && test.json["status"] == "pending")
            func delivery(_ id: Int) async throws -> JSON { try await api.get("\(path)/deliveries/\(id)").json }
            let id = try #require(test.json["id"]?.intValue)
            try await eventually("the test to be delivered") { try await delivery(id)["status"] == "delivered" }
            let log = try await delivery(id)
            #expect(log["attempts"] == 2 && log["response_status"] == 200 && log["response_body"] == "thanks")
            #expect(
                log["body"]?.stringValue == receiver.requests.last.map { String(decoding: $0.bytes, as: UTF8.self) })
            let replay = try await api.send("POST", "\(path)/deliveries/\(id)/replay")
            #expect(replay.status == 202 && replay.json["replay_of"]?.intValue == id)
            let replayed = try #require(replay.json["id"]?.intValue)
            try await eventually("the replay") { try await delivery(replayed)["status"] == "delivered" }
            #expect(Set(receiver.requests.map { $0.headers["webhook-id"] }).count == 1)
            #expect(
                try await api.get(path + "/deliveries?status=delivered&limit=1").json["deliveries"]?.arrayValue?.count
                    == 1)
            #expect(try await api.get(path + "/deliveries/999999").status == 404)
            #expect(try await api.get(path + "/deliveries/x").status == 404)

            let rotated = try await api.send("POST", path + "/rotate-secret")
            #expect(rotated.status == 200 && rotated.json["secret"] != made.json["secret"])
            #expect(rotated.json["previous_secret_until"]?.stringValue != nil)
            func patch(_ json: JSON) async throws -> HTTPClient.Response {
                try await api.send(
                    "PATCH", path, body: json.serialized(), headers: [("Content-Type", "application/json")])
            }
            let disabled = try await patch(["status": "disabled"])
            #expect(disabled.json["disabled_reason"] == "request" && disabled.json["disabled_at"]?.stringValue != nil)
            #expect(try await api.send("POST", path + "/test").json["code"] == "webhook_disabled")
            #expect(try await patch(["status": "active", "types": ["noop"]]).json["types"] == ["noop"])
            #expect(try await patch(["url": "http://192.168.1.1/"]).status == 422)
            #expect(try await api.send("DELETE", path).status == 204)
            #expect(try await api.get(path).status == 404)
        }
        await receiver.stop()
    }
}
