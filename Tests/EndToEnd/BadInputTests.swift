import AMQP
import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Bad input gets its own clear error, over REST and over AMQP, and nothing is lost.
@Suite(.serialized) struct BadInputTests {
    @Test func overREST() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let api = stack.api
            let good = try await stack.submitNoop(1)[0]
            let otherKey = try await stack.store.createKey(namespace: "other", name: "other", scopes: [.admin])
            let readKey = try await stack.store.createKey(namespace: "default", name: "reader", scopes: [.read])
            let other = stack.client(key: otherKey)

            func expect(
                _ response: HTTPClient.Response, _ status: Int, _ code: String, pointer: String? = nil,
                _ location: SourceLocation = #_sourceLocation
            ) {
                #expect(response.status == status, "\(response.text)", sourceLocation: location)
                #expect(response.json["code"]?.stringValue == code, "\(response.text)", sourceLocation: location)
                #expect(response.headers["content-type"] == "application/problem+json", sourceLocation: location)
                if let pointer {
                    let pointers = (response.json["errors"]?.arrayValue ?? []).compactMap { $0["pointer"]?.stringValue }
                    #expect(pointers.contains(pointer), "\(response.text)", sourceLocation: location)
                }
            }

            expect(try await stack.client(key: nil).get("/api/v1/jobs"), 401, "unauthenticated")
            expect(try await stack.client(key: "sy_wrong").get("/api/v1/jobs"), 401, "unauthenticated")
            expect(try await stack.client(key: readKey).post("/api/v1/jobs", ["type": "noop"]), 403, "forbidden")
            // A stranger's body is not taken in: the key is judged first, also where the body is too large.
            let large = Array(repeating: UInt8(ascii: " "), count: 2 << 20)
            for key in [nil, "sy_wrong"] {
                expect(
                    try await stack.client(key: key).send("POST", "/api/v1/jobs", body: large), 401, "unauthenticated")
            }
            expect(try await other.get("/api/v1/jobs/\(good.text)"), 404, "not_found")
            expect(try await other.get("/api/v1/jobs/\(good.text)/logs"), 404, "not_found")
            expect(try await other.get("/api/v1/jobs/\(good.text)/events"), 404, "not_found")
            expect(try await other.send("POST", "/api/v1/jobs/\(good.text)/cancel"), 404, "not_found")
            #expect(try await other.get("/api/v1/jobs").json["jobs"]?.arrayValue?.isEmpty == true)

            let unknown = try await api.post("/api/v1/jobs", ["type": "nosuch"])
            expect(unknown, 422, "unknown_type", pointer: "/type")
            #expect(unknown.json["detail"]?.stringValue?.contains("noop") == true)
            expect(
                try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["sleep_ms": "long"]]), 422, "invalid_spec",
                pointer: "/spec/sleep_ms")
            expect(
                try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["sleeps": 1]]), 422, "invalid_spec",
                pointer: "/spec/sleeps")
            expect(
                try await api.post("/api/v1/jobs", ["type": "noop", "colour": "red"]), 422, "invalid_field",
                pointer: "/colour")
            expect(try await api.post("/api/v1/jobs", ["spec": [:]]), 422, "invalid_field")
            expect(
                try await api.post("/api/v1/jobs", ["type": "noop", "priority": "urgent"]), 422, "invalid_field",
                pointer: "/priority")
            expect(
                try await api.post(
                    "/api/v1/jobs/batch", ["jobs": [["type": "noop"], ["type": "noop", "spec": ["sleep_ms": -1]]]]),
                422, "invalid_spec", pointer: "/jobs/1/spec/sleep_ms")
            expect(
                try await api.send("POST", "/api/v1/jobs", body: Array("{\"type\": noop}".utf8)), 400, "malformed_json")
            expect(try await api.send("POST", "/api/v1/jobs", body: []), 400, "malformed_json")
            expect(
                try await api.send("POST", "/api/v1/jobs", body: Array(repeating: UInt8(ascii: " "), count: 2 << 20)),
                413,
                "body_too_large")
            expect(try await api.get("/api/v1/jobs?cursor=nonsense"), 400, "invalid_cursor")
            expect(try await api.get("/api/v1/jobs/\(good.text)/history?cursor=nonsense"), 400, "invalid_cursor")
            expect(try await api.get("/api/v1/jobs?status=lost"), 400, "invalid_parameter")
            expect(try await api.get("/api/v1/jobs?limit=0"), 400, "invalid_parameter")
            expect(try await api.get("/api/v1/jobs/\(UUID().uuidString.lowercased())"), 404, "not_found")
            expect(try await api.get("/api/v1/nosuch"), 404, "no_such_call")
            let wrongMethod = try await api.send("DELETE", "/api/v1/jobs")
            expect(wrongMethod, 405, "method_not_allowed")
            #expect(wrongMethod.headers["allow"] == "POST, GET, HEAD")

            let first = try await api.post("/api/v1/jobs", ["type": "noop"], headers: [("Idempotency-Key", "k1")])
            let again = try await api.post("/api/v1/jobs", ["type": "noop"], headers: [("Idempotency-Key", "k1")])
            #expect(first.status == 201 && again.status == 200)
            #expect(first.json["id"] == again.json["id"])
            expect(
                try await api.post(
                    "/api/v1/jobs", ["type": "noop", "name": "x"], headers: [("Idempotency-Key", "k1")]), 422,
                "idempotency_key_reused")
            try await stack.expectCompleted([good])
        }
    }

    private static let oddHeaders: [[String: HeaderValue]] = [
        ["x-nul": .string("a\0b")], ["x-large": .string(String(repeating: "x", count: 65_400)), "x-more": .int(1)],
        [Topics.reasonHeader: .string("a\0b"), "x-a": .null, "x-b": .null],
    ]

    @Test func overAMQP() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let good = UUID()
            let bad: [(body: [UInt8], routingKey: String, reason: String, detail: String)] = [
                (Array("{nonsense".utf8), "noop", "malformed", "line 1"),
                (Array("[1]".utf8), "noop", "malformed", "object"),
                (stranger(id: UUID(), type: "nosuch"), "nosuch", "unknown_type", "noop"),
                (stranger(id: UUID(), type: "nosuch"), "noop", "unknown_type", "noop"),
                (stranger(id: UUID(), spec: ["sleep_ms": "long"]), "noop", "invalid_spec", "/spec/sleep_ms"),
                (stranger(id: UUID(), more: ["colour": "red"]), "noop", "invalid_field", "/colour"),
                (stranger(id: UUID(), more: ["schema": 99]), "noop", "unknown_schema", "99"),
                (Array("{\"type\":\"noop\",\"namespace\":\"default\"}".utf8), "noop", "invalid_field", "/id"),
            ]
            try await stack.withPublisher { publisher in
                for entry in bad {
                    let outcome = try await publisher.publish(
                        Message(body: entry.body), exchange: Topics.jobs, routingKey: entry.routingKey)
                    #expect(outcome == .confirmed)
                }
                // What a sender may put into a message need not fit into a dead letter's row, or into another message.
                for headers in Self.oddHeaders {
                    var message = Message(body: Array("[\(100 + headers.count)]".utf8))
                    message.headers = headers
                    _ = try await publisher.publish(message, exchange: Topics.jobs, routingKey: "noop")
                }
                // A reason that no index holds, to the queue of the dead itself.
                var message = Message(body: Array("[0]".utf8))
                message.headers = [Topics.reasonHeader: .string(Data(randomBytes(20_000)).base64EncodedString())]
                _ = try await publisher.publish(message, exchange: Topics.dead, routingKey: "noop")
                _ = try await publisher.publish(
                    Message(body: stranger(id: good)), exchange: Topics.jobs, routingKey: "noop")
            }
            try await stack.expectCompleted([good])
            var letters: [JSON] = []
            try await poll("the dead letters", details: { stack.logs }) {
                letters = try await stack.api.get("/api/v1/dead-letters").json["dead_letters"]?.arrayValue ?? []
                return letters.count == bad.count + Self.oddHeaders.count + 1
            }
            #expect(letters.first { $0["body"] == "[0]" }?["reason"]?.stringValue?.utf8.count == 100)
            for entry in bad {
                let found = letters.first { $0["body"]?.stringValue == String(decoding: entry.body, as: UTF8.self) }
                #expect(found?["reason"]?.stringValue == entry.reason)
                #expect(
                    found?["detail"]?.stringValue?.contains(entry.detail) == true,
                    "\(String(describing: found?["detail"]))")
                #expect(found?["routing_key"]?.stringValue == entry.routingKey)
            }
        }
    }
}
