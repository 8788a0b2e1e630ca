import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Jobs that are done once more, as a client asks for it.
@Suite(.serialized) struct RepeatTests {
    @Test func aFailedJobIsRetriedAndACompletedOneRerun() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let api = stack.api
            func post(_ path: String, _ headers: [(String, String)] = []) async throws -> HTTPClient.Response {
                try await api.send("POST", "/api/v1/jobs/" + path, headers: headers)
            }
            func id(_ response: HTTPClient.Response) throws -> UUID {
                try #require(response.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(response.text)")
            }

            let failing = try id(
                try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["fail": true], "max_attempts": 1]))
            try await stack.wait(for: [failing], toBe: .failed)
            let retried = try await post("\(failing.text)/retry")
            let again = try await post("\(failing.text)/retry")
            #expect(retried.status == 201 && again.status == 200)
            #expect(try id(retried) == id(again))
            #expect(retried.json["original_job_id"]?.stringValue == failing.text)
            try await stack.wait(for: [try id(retried)], toBe: .failed)

            let good = try await stack.submitNoop(1)[0]
            try await stack.expectCompleted([good])
            let refused = try await post("\(good.text)/retry")
            #expect(refused.status == 409 && refused.json["code"]?.stringValue == "illegal_move")
            #expect(refused.json["detail"]?.stringValue?.contains("completed") == true)
            let rerun = try id(try await post("\(good.text)/rerun"))
            #expect(rerun != good)
            try await stack.expectCompleted([rerun])
            let keyed = [("Idempotency-Key", "once")]
            #expect(
                try id(try await post("\(good.text)/rerun", keyed)) == id(try await post("\(good.text)/rerun", keyed)))

            let executions = try await api.get("/api/v1/jobs/\(rerun.text)/executions").json["executions"]?.arrayValue
            #expect(executions?.count == 1 && executions?[0]["status"]?.stringValue == "completed")
            #expect(try await api.get("/api/v1/jobs/\(rerun.text)/checkpoints").json["checkpoints"]?.arrayValue == [])
            #expect(try await api.get("/api/v1/jobs/\(rerun.text)/checkpoints/1").status == 404)
            #expect(try await api.get("/api/v1/jobs/\(rerun.text)/executions?cursor=x").status == 400)
            #expect(try await post("\(UUID().uuidString.lowercased())/retry").status == 404)
        }
    }
}
