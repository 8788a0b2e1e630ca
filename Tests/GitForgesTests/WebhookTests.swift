import Crypto
import Foundation
import GitForges
import JSON
import Testing

@Suite struct WebhookTests {
    private let secret = "a secret between two"

    /// A forge whose pull request 1 goes from `job/1` to `main`.
    private func withPull(
        _ provider: ForgeProvider, _ work: (Caller) async throws -> Void
    ) async throws {
        try await withForge(provider) { caller, folder in
            try await caller.forge.push(
                "acme/site", branch: "job/1", files: [ForgeFile("hello", "hello\n")], author: "robot")
            let opened =
                switch provider {
                case .gitlab:
                    try await caller.send(
                        "POST", "/projects/1/merge_requests",
                        ["source_branch": "job/1", "target_branch": "main", "title": "Hello"])
                default:
                    try await caller.send(
                        "POST", "/repos/acme/site/pulls", ["head": "job/1", "base": "main", "title": "Hello"])
                }
            #expect(opened.status == 201)
            try await work(caller)
        }
    }

    private func delivery(_ event: WebhookEvent, _ caller: Caller) async throws -> (WebhookDelivery, JSON) {
        let delivery = try await caller.forge.delivery(
            of: event, pull: 1, in: "acme/site", secret: secret, sender: "maria")
        return (delivery, try JSON.parse(delivery.body))
    }

    private func signature(_ delivery: WebhookDelivery) -> String {
        Hex.encode(hmacSHA256(key: Array(secret.utf8), message: delivery.body))
    }

    @Test func gitHubSignsWhatItTells() async throws {
        try await withPull(.github) { caller in
            try await caller.forge.merge(1, of: "acme/site", by: "maria")
            let (delivery, body) = try await delivery(.merged, caller)
            #expect(delivery["X-GitHub-Event"] == "pull_request")
            #expect(delivery["X-Hub-Signature-256"] == "sha256=" + signature(delivery))
            #expect(body["action"] == "closed")
            #expect(body["pull_request"]?["merged"] == true)
            #expect(body["sender"]?["login"] == "maria")
            let (check, run) = try await self.delivery(.check(succeeded: false), caller)
            #expect(check["X-GitHub-Event"] == "check_run")
            #expect(run["check_run"]?["conclusion"] == "failure")
            #expect(run["check_run"]?["pull_requests"]?[0]?["number"] == 1)
            #expect(check["X-GitHub-Delivery"] != delivery["X-GitHub-Delivery"])
        }
    }

    @Test func gitLabSendsTheSecret() async throws {
        try await withPull(.gitlab) { caller in
            try await caller.forge.close(1, of: "acme/site")
            let (delivery, body) = try await delivery(.closed, caller)
            #expect(delivery["X-Gitlab-Event"] == "Merge Request Hook")
            #expect(delivery["X-Gitlab-Token"] == secret)
            #expect(body["object_attributes"]?["action"] == "close")
            #expect(body["object_attributes"]?["state"] == "closed")
            #expect(body["project"]?["path_with_namespace"] == "acme/site")
            let (pipeline, result) = try await self.delivery(.suite(succeeded: true), caller)
            #expect(pipeline["X-Gitlab-Event"] == "Pipeline Hook")
            #expect(result["object_attributes"]?["status"] == "success")
            #expect(result["merge_request"]?["iid"] == 1)
        }
    }

    @Test func giteaSignsWhatItTells() async throws {
        try await withPull(.gitea) { caller in
            try await caller.forge.merge(1, of: "acme/site", by: "maria")
            let (delivery, body) = try await delivery(.merged, caller)
            #expect(delivery["X-Gitea-Event"] == "pull_request")
            #expect(delivery["X-Gitea-Signature"] == signature(delivery))
            #expect(body["action"] == "closed")
            #expect(body["pull_request"]?["merged"] == true)
            let (status, result) = try await self.delivery(.status(succeeded: true), caller)
            #expect(status["X-Gitea-Event"] == "status")
            #expect(result["state"] == "success")
            #expect(result["sha"] == body["pull_request"]?["head"]?["sha"])
        }
    }

    /// By models that are made from GitHub's own description of what it sends.
    @Test(
        arguments: [
            WebhookEvent.opened, .closed, .merged, .reopened, .pushed, .check(succeeded: true),
            .suite(succeeded: false), .status(succeeded: true),
        ]) func gitHubsDeliveriesAreAsDescribed(_ event: WebhookEvent) async throws
    {
        try await withPull(.github) { caller in
            if event == .closed { try await caller.forge.close(1, of: "acme/site") }
            if event == .merged { try await caller.forge.merge(1, of: "acme/site", by: "maria") }
            let (delivery, _) = try await delivery(event, caller)
            let file = NSTemporaryDirectory() + "delivery-\(UUID().uuidString).json"
            try Data(delivery.body).write(to: URL(filePath: file))
            let name = try #require(delivery["X-GitHub-Event"])
            let signature = try #require(delivery["X-Hub-Signature-256"])
            try await python(["webhook", name, secret, signature, file])
            try FileManager.default.removeItem(atPath: file)
        }
    }
}

extension WebhookDelivery {
    fileprivate subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}
