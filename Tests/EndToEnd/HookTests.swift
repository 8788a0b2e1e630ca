import Crypto
import Foundation
import GitForges
import JSON
import Jobs
import TestKit
import Testing

/// What the providers tell of the pull requests of jobs, signed as each of them does it.
@Suite struct HookTests {
    private static let old = "an older secret of the hook"
    private static let secret = "the secret of the hook"

    /// A pull request at each provider, one after the other, and a gateway that hears of them.
    private func withHooks(
        _ providers: [ForgeProvider] = ForgeProvider.allCases, _ name: String = #function,
        _ body: (HookBench) async throws -> Void
    ) async throws {
        try await withStack(name) { stack in
            var settings = ["SWITCHYARD_WEBHOOK_ALLOW": "127.0.0.1"]
            for provider in ForgeProvider.allCases {
                settings["SWITCHYARD_HOOK_SECRET_\("\(provider)".uppercased())"] = "\(Self.old), \(Self.secret)"
            }
            try await stack.startGateway(settings)
            let worker = try await ForgeBench.startWorker(stack, [:])
            for provider in providers {
                let bench = try await ForgeBench(stack, provider, worker: worker)
                let end = try await stack.end("pull_request", bench.spec([:]))
                try await body(
                    HookBench(
                        bench: bench, job: try #require(end["id"]?.stringValue),
                        number: try #require(end["result"]?["pull_request"]?["number"]?.intValue, "\(end)"),
                        commit: try #require(end["result"]?["commit"]?["sha"]?.stringValue)))
                try await bench.forge.stop()
            }
        }
    }

    @Test func whatBecomesOfAPullRequestIsAnEventOfItsJob() async throws {
        try await withHooks { bench in
            let end = try #require(try await bench.events().last?["seq"]?.intValue)
            let checked = try await bench.delivery(of: .suite(succeeded: false))
            let answer = try await bench.post(checked)
            #expect(answer.status == 200 && answer.json == ["job_id": .string(bench.job), "action": "checks"])
            #expect(try await bench.post(bench.delivery(of: .pushed)).status == 204)
            try await bench.forge.close(bench.number, of: bench.name)
            #expect(try await bench.post(bench.delivery(of: .closed)).status == 200)
            // The secret before works on while another takes its place.
            #expect(try await bench.post(bench.delivery(of: .reopened, secret: Self.old)).status == 200)
            // The same delivery comes again, also by another name where that is not signed.
            #expect(try await bench.post(checked).status == 204)
            var renamed = checked
            for index in renamed.headers.indices where renamed.headers[index].name.hasSuffix("-Delivery") {
                renamed.headers[index].value = UUID().uuidString
            }
            #expect(try await bench.post(renamed).status == 204)

            let news = try await bench.news()
            #expect(news.map { $0["data"]?["action"] } == ["checks", "closed", "reopened"])
            #expect(news.allSatisfy { $0["event"] == "pull_request" && $0["status"] == "completed" })
            let data = try #require(news.first?["data"])
            #expect(data["conclusion"] == "failure" && data["number"]?.intValue == bench.number, "\(data)")
            #expect(data["commit"]?.stringValue == bench.commit && data["actor"] == "rita")
            #expect(news[1]["data"]?["url"]?.stringValue?.contains("\(bench.number)") == true)

            // A stream shows what comes behind the end, and ends with it.
            #expect(
                try await bench.streamed(after: nil).suffix(4) == [
                    "completed", "pull_request", "pull_request", "pull_request",
                ])
            #expect(try await bench.streamed(after: end) == ["pull_request", "pull_request", "pull_request"])
            let last = try #require(news.last?["seq"]?.intValue)
            #expect(try await bench.stack.api.get("/api/v1/jobs/\(bench.job)/events?after=\(last)").status == 204)
            let job = try await bench.stack.api.get("/api/v1/jobs/\(bench.job)?wait=1s").json
            #expect(job["status"] == "completed" && job["result"]?["pull_request"] != nil)
            let id = try #require(UUID(text: bench.job))
            #expect(try await bench.stack.violations(of: [id]).isEmpty)
        }
    }

    @Test func whatIsNotSignedIsRefused() async throws {
        try await withHooks { bench in
            let good = try await bench.delivery(of: .closed)
            let wrong = try await bench.delivery(of: .closed, secret: "the secret of the hooK")
            #expect(try await bench.post(wrong).status == 401)
            var bare = good
            bare.headers.removeAll { $0.name.contains("Signature") || $0.name.contains("Token") }
            let answer = try await bench.post(bare)
            #expect(answer.status == 401 && answer.json["code"] == "bad_delivery")
            if bench.forge.provider != .gitlab {
                var changed = good
                changed.body.append(UInt8(ascii: " "))
                #expect(try await bench.post(changed).status == 401)
            }
            var large = good
            large.body = Array(repeating: UInt8(ascii: " "), count: 5 << 20 | 1)
            #expect(try await bench.post(large).status == 413)
            #expect(try await bench.news().isEmpty)
        }
    }

    @Test func whoSendsTooSlowlyIsCutOff() async throws {
        try await withStack { stack in
            let gateway = try await stack.startGateway(["SWITCHYARD_HOOK_SECRET_GITHUB": Self.secret])
            let file = stack.folder + "/body"
            try Data(count: 1 << 20).write(to: URL(fileURLWithPath: file))
            let status = try output(
                of: "curl",
                [
                    "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--limit-rate", "4k",
                    "--max-time", "60", "--header", "Expect:", "--data-binary", "@\(file)", "--header",
                    "X-Hub-Signature-256: sha256=00", "http://127.0.0.1:\(gateway.port)/api/v1/hooks/github",
                ])
            #expect(status == "408")
            let answer = try await stack.client(key: nil).send("POST", "/api/v1/hooks/gitlab", body: [], headers: [])
            #expect(answer.status == 404, "it has no secret")
        }
    }

    @Test func aCopiedMarkerFindsNothing() async throws {
        try await withHooks { bench in
            // The same repository at another place, and another repository at the same place: both with the body of the job's pull request.
            let stranger = try await ForgeBench(bench.stack, bench.forge.provider, worker: bench.bench.worker)
            let body = try #require(try await bench.forge.pulls(bench.name).first?.body)
            #expect(body.contains(bench.job))
            let fork = bench.forge.provider == .gitlab ? "mallory/tools/site" : "mallory/site"
            try await bench.forge.addRepository(fork, collaborators: ["robot", "rita"])
            for (forge, name) in [(stranger.forge, stranger.name), (bench.forge, fork)] {
                let token = await forge.addToken(for: "robot")
                let end = try await bench.stack.end(
                    "pull_request",
                    bench.bench.spec([
                        "base_url": .string(forge.url), "repository": .string(name), "body": .string(body),
                        "credentials": ["token": .string(token)],
                    ]))
                let own = try #require(end["id"]?.stringValue.flatMap(UUID.init(text:)))
                let pull = try #require(try await forge.pulls(name).first)
                try await forge.close(pull.number, of: name)
                var delivery = try await forge.delivery(
                    of: .closed, pull: pull.number, in: name, secret: Self.secret, sender: "rita")
                // Its own job is not known, as where nobody has asked for a job, and its body names that of the other.
                try await bench.stack.database.query("DELETE FROM pull_requests WHERE job_id = \(own)")
                delivery.say(bench.job, insteadOf: own.text, secret: Self.secret)
                #expect(try await bench.post(delivery).status == 204)
            }
            #expect(try await bench.news().isEmpty)
        }
    }

    @Test func subscribersHearOfIt() async throws {
        try await withHooks([.gitea]) { bench in
            let receiver = try Receiver()
            let made = try await bench.stack.api.post(
                "/api/v1/webhooks", ["url": .string(receiver.url()), "events": ["pull_request"]])
            #expect(made.status == 201, "\(made.text)")
            #expect(try await bench.post(bench.delivery(of: .merged)).status == 200)
            try await poll("the event") { !receiver.requests.isEmpty }
            let event = try JSON.parse(try #require(receiver.requests.first).bytes)
            #expect(event["type"] == "job.pull_request" && event["data"]?["status"] == "completed")
            #expect(event["data"]?["data"]?["action"] == "merged", "\(event)")
            await receiver.stop()
        }
    }
}

extension GitForges.WebhookDelivery {
    /// Changes a word of the body, with the signature that belongs to it.
    fileprivate mutating func say(_ word: String, insteadOf other: String, secret: String) {
        body = Array(String(decoding: body, as: UTF8.self).replacingOccurrences(of: other, with: word).utf8)
        let signature = Hex.encode(hmacSHA256(key: Array(secret.utf8), message: body))
        for index in headers.indices where headers[index].name.contains("Signature") {
            headers[index].value = (headers[index].name == "X-Hub-Signature-256" ? "sha256=" : "") + signature
        }
    }
}

/// A job whose pull request is there.
private struct HookBench {
    let bench: ForgeBench
    let job: String
    let number: Int
    let commit: String

    var stack: Stack { bench.stack }
    var forge: GitForge { bench.forge }
    var name: String { bench.name }

    func delivery(of event: WebhookEvent, secret: String = "the secret of the hook") async throws
        -> GitForges.WebhookDelivery
    {
        if event == .merged { try await forge.merge(number, of: name, by: "rita") }
        return try await forge.delivery(of: event, pull: number, in: name, secret: secret, sender: "rita")
    }

    func post(_ delivery: GitForges.WebhookDelivery, to hook: String? = nil) async throws -> HTTPClient.Response {
        try await stack.client(key: nil).send(
            "POST", "/api/v1/hooks/\(hook ?? "\(forge.provider)")", body: delivery.body, headers: delivery.headers)
    }

    func events() async throws -> [JSON] {
        try await stack.api.get("/api/v1/jobs/\(job)/history?limit=500").json["events"]?.arrayValue ?? []
    }

    func news() async throws -> [JSON] { try await events().filter { $0["event"] == "pull_request" } }

    /// The kinds of the events that a stream has until it ends.
    func streamed(after position: Int?) async throws -> [String] {
        let query = position.map { "?after=\($0)" } ?? ""
        let answer = try await stack.api.get("/api/v1/jobs/\(job)/events\(query)")
        return answer.text.split(separator: "\n").filter { $0.hasPrefix("event:") }.map {
            $0.dropFirst("event:".count).trimmingCharacters(in: .whitespaces)
        }
    }
}
