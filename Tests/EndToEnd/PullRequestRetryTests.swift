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

    @Test func aRetryThatTakesLongerIsUnderWay() async throws {
        try await withForge(.gitea, settings: ["SWITCHYARD_FORGE_TIMEOUT": "4s"]) { bench in
            bench.refuse(Self.refusal)
            let failed = try await bench.stack.end("pull_request", bench.spec([:]))
            bench.forge.faults.inject(.timeoutBefore)
            let id = try #require(failed["id"]?.stringValue)
            let answer = try await bench.stack.api.send("POST", "/api/v1/jobs/\(id)/retry-pr?wait=500ms")
            #expect(answer.status == 202 && answer.json["original_job_id"]?.stringValue == id, "\(answer.text)")
            let retry = try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)))
            #expect(answer.headers["location"] == "/api/v1/jobs/\(retry.text)")
            #expect(try await bench.stack.ended(retry)["status"] == "completed")
        }
    }

    @Test func aWorkflowMayBeAboutToEnd() async throws {
        try await withForge(.github, settings: ["SWITCHYARD_FORGE_TIMEOUT": "1s"]) { bench in
            let stack = bench.stack
            try await stack.startWorker()
            // The pull request fails at its second request, a second after its workflow was started.
            bench.forge.faults.inject(.timeoutBefore)
            bench.refuse(Self.refusal, nth: 2)
            let flow = try await stack.startWorkflow([
                "propose": ["type": "pull_request", "spec": bench.spec([:])],
                "after": ["type": "noop", "depends_on": ["propose"]],
            ])
            let jobs = try await stack.api.get("/api/v1/workflows/\(flow)").json["jobs"]
            let propose = try #require(jobs?["propose"]?["id"]?.stringValue)
            let after = try #require(jobs?["after"]?["id"]?.stringValue.flatMap(UUID.init(text:)))
            // Nobody can cancel what waits for it, so the workflow has not ended yet.
            async let held: Void = stack.database.transaction { session in
                try session.query("SELECT 1 FROM jobs WHERE id = \(after) FOR UPDATE")
                try session.query("SELECT pg_sleep(3)")
            }
            let failed = try await stack.ended(try #require(UUID(text: propose)))
            #expect(failed["status"] == "failed", "\(failed)")
            #expect(try await stack.api.get("/api/v1/workflows/\(flow)").json["status"] == "running")
            let done = try await stack.api.send("POST", "/api/v1/jobs/\(propose)/retry-pr?wait=60s")
            #expect(done.status == 200 && done.json["status"] == "completed", "\(done.text)")
            try await held
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
    /// Lets the provider refuse the next request, or a later one.
    fileprivate func refuse(_ body: String, nth: Int = 1) {
        forge.faults.inject(nth: nth, .status(403, headers: ["Content-Type": "application/json"], body: body))
    }
}
