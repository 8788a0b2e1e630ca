import Foundation
import GitForges
import JSON
import Jobs
import TestKit
import Testing

/// Work that has succeeded but for its pull request.
@Suite struct PullRequestRetryTests {
    private static let refusal = #"{"message":"Resource protected by organization SAML enforcement."}"#

    @Test func aPullRequestIsRetriedUntilItIsThere() async throws {
        try await withForge(.github) { bench in
            let api = bench.stack.api
            bench.refuse(Self.refusal)
            let failed = try await bench.stack.end("pull_request", bench.spec([:]))
            #expect(failed["status"] == "failed", "\(failed)")
            let id = try #require(failed["id"]?.stringValue)

            bench.refuse(Self.refusal)
            let again = try await api.send("POST", "/api/v1/jobs/\(id)/retry-pr")
            #expect(again.status == 502 && again.json["code"] == "pull_request_failed", "\(again.text)")
            #expect(again.json["detail"]?.stringValue?.contains("SAML enforcement") == true)
            let second = try #require(again.headers["location"])
            #expect(try await api.get(second).json["error"]?["message"] == again.json["detail"])

            // The same call goes on with the newest retry, and answers it when it is repeated.
            let done = try await api.send("POST", "/api/v1/jobs/\(id)/retry-pr?wait=60s")
            #expect(done.status == 200 && done.json["status"] == "completed", "\(done.text)")
            #expect(done.json["original_job_id"]?.stringValue == id)
            let repeated = try await api.send("POST", "/api/v1/jobs/\(id)/retry-pr")
            #expect(repeated.status == 200 && repeated.json["id"] == done.json["id"])
            #expect(try await bench.forge.pulls(bench.name).count == 1)
            let branch = try #require(done.json["result"]?["branch"]?.stringValue)
            #expect(branch == "switchyard/\(id)", "a retry goes on with the branch of the first")
        }
    }

    @Test func onlyAPullRequestThatHasFailedIsRetried() async throws {
        try await withForge(.gitea) { bench in
            let api = bench.stack.api
            try await bench.stack.startWorker()
            let done = try await bench.stack.end("pull_request", bench.spec([:]))
            let other = try await bench.stack.end("noop", ["fail": true])
            for job in [done, other] {
                let id = try #require(job["id"]?.stringValue)
                let answer = try await api.send("POST", "/api/v1/jobs/\(id)/retry-pr")
                #expect(answer.status == 409 && answer.json["code"] == "illegal_move", "\(answer.text)")
            }
            #expect(try await api.send("POST", "/api/v1/jobs/\(UUID().uuidString.lowercased())/retry-pr").status == 404)
            // Something else of the workflow has failed too.
            bench.refuse(Self.refusal)
            let flow = try await bench.stack.startWorkflow([
                "other": ["type": "noop", "spec": ["fail": true], "max_attempts": 1],
                "propose": ["type": "pull_request", "spec": bench.spec(["branch": "second"])],
            ])
            let failed = try await bench.stack.wait(forWorkflow: flow, toBe: "failed")
            let propose = try #require(failed["jobs"]?["propose"]?["id"]?.stringValue)
            let answer = try await api.send("POST", "/api/v1/jobs/\(propose)/retry-pr")
            #expect(answer.status == 409 && answer.json["detail"]?.stringValue?.contains("\"other\"") == true)
            #expect(try await bench.forge.pulls(bench.name).count == 1)
        }
    }

    @Test func aWorkflowGoesOnWithWhatWasExported() async throws {
        try await withForge(.gitlab) { bench in
            let (stack, api) = (bench.stack, bench.stack.api)
            try await stack.startWorker()
            try await stack.startWorker("ExportsWorker", [:])
            bench.refuse(Self.refusal)
            let flow = try await stack.startWorkflow([
                "export": ["type": "export", "spec": ["sources": [["dataset": "jobs"]], "format": "jsonl"]],
                "propose": [
                    "type": "pull_request",
                    "spec": bench.spec([
                        "files": [["path": "jobs.jsonl", "artifact": ["$ref": "#/jobs/export/result/artifacts/0/id"]]]
                    ]),
                ],
                "after": ["type": "noop", "depends_on": ["propose"]],
            ])
            let failed = try await stack.wait(forWorkflow: flow, toBe: "failed")
            #expect(failed["failed_job"]?["name"] == "propose" && failed["failed_job"]?["type"] == "pull_request")
            #expect(failed["failed_job"]?["error"]?["message"]?.stringValue?.contains("SAML") == true, "\(failed)")
            let export = try #require(failed["jobs"]?["export"]?["id"]?.stringValue)
            let propose = try #require(failed["jobs"]?["propose"]?["id"]?.stringValue)

            // By another job of the workflow.
            let done = try await api.send("POST", "/api/v1/jobs/\(export)/retry-pr?wait=60s")
            #expect(done.status == 200 && done.json["status"] == "completed", "\(done.text)")
            let repeated = try await api.send("POST", "/api/v1/jobs/\(propose)/retry-pr")
            #expect(repeated.status == 200 && repeated.json["id"] == done.json["id"])
            let retry = try #require(done.json["parent_id"]?.stringValue)
            let whole = try await stack.wait(forWorkflow: retry, toBe: "completed")
            #expect(whole["retry_of"]?.stringValue == flow && whole["failed_job"] == .null)
            let reused = whole["jobs"]?["export"]
            #expect(reused?["id"]?.stringValue == export && reused?["reused"] == true)
            #expect(whole["jobs"]?["after"]?["status"] == "completed")
            let pulls = try await bench.forge.pulls(bench.name)
            #expect(pulls.count == 1 && pulls.first?.body.contains(propose) == true)
        }
    }
}

extension ForgeBench {
    /// Lets the provider refuse the next request.
    fileprivate func refuse(_ body: String) {
        forge.faults.inject(.status(403, headers: ["Content-Type": "application/json"], body: body))
    }
}
