import GitForges
import JSON
import Testing

@Suite struct GiteaTests {
    private let site = "/repos/acme/site"

    private func change(_ files: [JSON], on branch: String? = "job/1", from base: String = "main") -> JSON {
        var body: JSONObject = [
            "branch": .string(base), "message": "Work of a job\n\nIn full.", "files": .array(files),
            "author": ["name": "Ada", "email": "ada@example.org"],
            "dates": ["author": "2026-01-02T03:04:05Z"],
        ]
        if let branch { body["new_branch"] = .string(branch) }
        return .object(body)
    }

    private let hello: JSON = ["operation": "create", "path": "bin/hello", "content": "aGVsbG8K"]

    @Test func severalFilesAreOneCommit() async throws {
        try await withForge(.gitea) { caller, folder in
            let run = try await caller.send("GET", "\(site)/contents/run")["sha"] ?? .null
            let readme = try await caller.send("GET", "\(site)/contents/README.md?ref=main")["sha"] ?? .null
            let reply = try await caller.send(
                "POST", "\(site)/contents",
                change([
                    hello, ["operation": "update", "path": "run", "content": "bmV3Cg==", "sha": run],
                    ["operation": "delete", "path": "README.md", "sha": readme],
                ]))
            #expect(reply.status == 201)
            #expect(reply["files"]?[2] == .null)
            #expect(try await git(folder, "rev-parse", "job/1") == reply["commit"]?["sha"]?.stringValue)
            #expect(try await git(folder, "rev-parse", "job/1^") == git(folder, "rev-parse", "main"))
            // The executable bit stays, and cannot be given.
            #expect(
                try await git(folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", "job/1")
                    == "100644 bin/hello\n100755 run")
            #expect(
                try await git(folder, "show", "-s", "--format=%an %at %cn|%s|%b", "job/1")
                    == "Ada 1767323045 Ada|Work of a job|In full.")
        }
    }

    @Test func changesMustFitTheFilesThatAreThere() async throws {
        try await withForge(.gitea) { caller, folder in
            func reply(_ body: JSON) async throws -> (Int, String) {
                let reply = try await caller.send("POST", "\(site)/contents", body)
                return (reply.status, reply.message)
            }
            let present: JSON = ["operation": "create", "path": "run", "content": ""]
            #expect(try await reply(change([present])) == (422, "repository file already exists [path: run]"))
            let wrong = String(repeating: "0", count: 40)
            let stale: JSON = ["operation": "update", "path": "run", "content": "", "sha": .string(wrong)]
            let (status, message) = try await reply(change([stale]))
            #expect(status == 422)
            #expect(message.hasPrefix("sha does not match [given: \(wrong), expected: "))
            let absent: JSON = ["operation": "delete", "path": "none", "sha": .string(wrong)]
            #expect(try await reply(change([absent])).0 == 404)
            #expect(try await reply(change([hello], from: "none")).0 == 404)
            #expect(try await git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/main")
            #expect(try await reply(change([hello])).0 == 201)
            #expect(try await reply(change([hello])) == (422, "branch already exists [name: job/1]"))
            let more: JSON = ["operation": "create", "path": "more", "content": ""]
            #expect(try await reply(change([more], on: nil, from: "job/1")).0 == 201)
            #expect(try await git(folder, "rev-list", "--count", "main..job/1") == "2")
        }
    }

    @Test func aPullRequestIsOpenedOnceAndMerged() async throws {
        try await withForge(.gitea) { caller, folder in
            _ = try await caller.send("POST", "\(site)/contents", change([hello]))
            let label = try await caller.send("POST", "\(site)/labels", ["name": "automated", "color": "#00aabb"])
            #expect(label.status == 201)
            let request: JSON = [
                "head": "job/1", "base": "main", "title": "WIP: Hello", "body": "Text",
                "labels": [label["id"] ?? .null],
            ]
            let opened = try await caller.send("POST", "\(site)/pulls", request)
            #expect(opened.status == 201)
            #expect(opened["draft"] == true)
            #expect(opened["labels"]?[0]?["name"] == "automated")
            let again = try await caller.send("POST", "\(site)/pulls", request)
            #expect(again.status == 409)
            #expect(again.message.hasPrefix("pull request already exists for these targets [id: 1"))
            #expect(try await caller.send("GET", "\(site)/pulls/main/job/1")["number"] == 1)
            let asked = try await caller.send(
                "POST", "\(site)/pulls/1/requested_reviewers", ["reviewers": ["maria"]])
            #expect(asked.status == 201)
            #expect(try await caller.send("POST", "\(site)/pulls/1/merge", ["Do": "merge"]).status == 405)
            let ready = try await caller.send("PATCH", "\(site)/pulls/1", ["title": "Hello"])
            #expect(ready.status == 201)
            let later: JSON = ["Do": "merge", "merge_when_checks_succeed": true]
            #expect(try await caller.send("POST", "\(site)/pulls/1/merge", later).status == 201)
            #expect(try await caller.send("POST", "\(site)/pulls/1/merge", later).status == 409)
            let head = try await git(folder, "rev-parse", "job/1")
            let merged = try await caller.send(
                "POST", "\(site)/pulls/1/merge", ["Do": "merge", "head_commit_id": .string(head)])
            #expect(merged.status == 200)
            #expect(try await git(folder, "rev-parse", "main^2") == head)
            let pull = try #require(try await caller.forge.pulls("acme/site").first)
            #expect(pull.state == .merged)
            #expect(pull.reviewers == ["maria"])
        }
    }

    @Test func aClosedPullRequestLeavesRoomForAnother() async throws {
        try await withForge(.gitea) { caller, _ in
            _ = try await caller.send("POST", "\(site)/contents", change([hello]))
            let request: JSON = ["head": "job/1", "base": "main", "title": "Hello"]
            _ = try await caller.send("POST", "\(site)/pulls", request)
            #expect(try await caller.send("PATCH", "\(site)/pulls/1", ["state": "closed"])["state"] == "closed")
            #expect(try await caller.send("POST", "\(site)/pulls", request)["number"] == 2)
            #expect(try await caller.send("PATCH", "\(site)/pulls/1", ["state": "open"]).status == 409)
            let open = try await caller.send("GET", "\(site)/pulls?state=open&limit=1")
            #expect(open.body[0]?["number"] == 2)
            #expect(open.head["X-Total-Count"] == "1")
            // By base and head comes whichever was first.
            #expect(try await caller.send("GET", "\(site)/pulls/main/job/1")["number"] == 1)
        }
    }

    @Test func whatIsNotKnownIsRefused() async throws {
        try await withForge(.gitea, violations: true) { caller, _ in
            #expect(try await caller.send("GET", site, headers: ["Authorization": ""]).message == "token is required")
            #expect(try await caller.send("POST", "\(site)/contents", [:]).message == "[Files]: Required")
            let mode: JSON = ["operation": "create", "path": "x", "content": "", "mode": "100755"]
            #expect(try await caller.send("POST", "\(site)/contents", change([mode])).status == 422)
            let raw: JSON = ["operation": "create", "path": "x", "content": "no base64!"]
            #expect(try await caller.send("POST", "\(site)/contents", change([raw])).status == 422)
            #expect(try await caller.send("GET", "\(site)/pulls?head=x").status == 422)
            #expect(await caller.forge.violations.count == 5)
            let reader = Caller(
                forge: caller.forge, token: await caller.forge.addToken(for: "robot", scopes: ["read:repository"]))
            #expect(try await reader.send("GET", site).status == 200)
            #expect(try await reader.send("POST", "\(site)/contents", change([hello])).status == 403)
            try await caller.forge.protect("main", of: "acme/site")
            #expect(try await caller.send("POST", "\(site)/contents", change([hello], on: nil)).status == 403)
            #expect(await caller.forge.violations.count == 5)
        }
    }
}
