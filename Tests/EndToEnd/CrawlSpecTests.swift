import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// What a client is told of a crawl's spec.
@Suite(.serialized) struct CrawlSpecTests {
    @Test func aSpecIsHeldToItsSchemaAndCompletedFromIt() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("CrawlingWorker")
            func submit(_ spec: JSON) async throws -> HTTPClient.Response {
                try await stack.api.post("/api/v1/jobs", ["type": "web_crawling", "spec": spec, "max_attempts": 1])
            }
            let bad: [(spec: JSON, pointer: String)] = [
                (["seeds": ["http://a.test/", "ftp://a.test/"]], "/spec/seeds/1"),
                (["seeds": ["http://user:password@a.test/"]], "/spec/seeds/0"),
                (["seeds": [.string("http://a.test/" + String(repeating: "x", count: 4096))]], "/spec/seeds/0"),
                (["seeds": ["http://a.test/"], "per_host": ["delay_ms": -1]], "/spec/per_host/delay_ms"),
                (["seeds": ["http://a.test/"], "depth": 1], "/spec/depth"),
            ]
            for (spec, pointer) in bad {
                let response = try await submit(spec)
                #expect(response.status == 422 && response.json["code"] == "invalid_spec", "\(response.text)")
                #expect(response.json["errors"]?.arrayValue?.map { $0["pointer"] } == [.string(pointer)])
            }
            // Nothing listens there, and nothing may be fetched from there.
            let job = try await submit(["seeds": ["http://127.0.0.1/"], "per_host": ["delay_ms": 0]])
            let spec = job.json["spec"]
            #expect(spec?["max_pages"] == 10_000 && spec?["scope"]?["within"] == "host", "\(job.text)")
            #expect(spec?["per_host"] == ["concurrency": 2, "delay_ms": 0])
            let id = try #require(job.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            try await stack.expectCompleted([id])
            let urls = try await stack.ok("/jobs/\(id.text)/urls")["urls"]?.arrayValue
            #expect(urls?.map { $0["reason"] } == ["address_refused"])

            for (spec, code) in [
                (["seeds": ["http://a.test:99999/"]] as JSON, "invalid_seed"),
                (["seeds": ["http://a.test/"], "scope": ["deny": ["("]]], "invalid_expression"),
                (["seeds": ["http://a.test/"], "revisit": ["job_id": .string(UUID().uuidString)]], "unknown_crawl"),
            ] {
                let id = try #require(try await submit(spec).json["id"]?.stringValue)
                let ended = try await stack.ok("/jobs/\(id)?wait=30s&until=ended")
                #expect(ended["status"] == "failed" && ended["error"]?["code"] == .string(code), "\(ended)")
            }
        }
    }
}
