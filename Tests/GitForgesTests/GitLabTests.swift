import GitForges
import JSON
import Testing

@Suite struct GitLabTests {
    private let site = "/projects/acme%2Fsite"

    private func commit(_ branch: String, _ actions: [JSON], from start: String? = "main", force: Bool? = nil) -> JSON {
        var body: JSONObject = [
            "branch": .string(branch), "commit_message": "Work of a job\n\nIn full.", "actions": .array(actions),
            "author_name": "Ada", "author_email": "ada@example.org",
        ]
        if let start { body["start_branch"] = .string(start) }
        if let force { body["force"] = .bool(force) }
        return .object(body)
    }

    private let hello: JSON = [
        "action": "create", "file_path": "bin/hello", "content": "aGVsbG8K", "encoding": "base64",
    ]

    @Test func actionsAreOneCommit() async throws {
        try await withForge(.gitlab) { caller, folder in
            let reply = try await caller.send(
                "POST", "\(site)/repository/commits",
                commit(
                    "job/1",
                    [
                        hello, ["action": "chmod", "file_path": "bin/hello", "execute_filemode": true],
                        ["action": "move", "file_path": "start", "previous_path": "run"],
                        ["action": "update", "file_path": "README.md", "content": "new\n"],
                    ]))
            #expect(reply.status == 201)
            #expect(try await git(folder, "rev-parse", "job/1") == reply["id"]?.stringValue)
            #expect(try await git(folder, "rev-parse", "job/1^") == git(folder, "rev-parse", "main"))
            #expect(
                try await git(folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", "job/1")
                    == "100644 README.md\n100755 bin/hello\n100755 start")
            #expect(try await git(folder, "cat-file", "blob", "job/1:bin/hello") == "hello")
            #expect(
                try await git(folder, "show", "-s", "--format=%an %ae %cn|%s|%b", "job/1")
                    == "Ada ada@example.org robot|Work of a job|In full.")
            let file = try await caller.send("GET", "\(site)/repository/files/bin%2Fhello?ref=job%2F1")
            #expect(file["content"] == "aGVsbG8K")
            #expect(file["execute_filemode"] == true)
        }
    }

    @Test func actionsMustFitTheFilesThatAreThere() async throws {
        try await withForge(.gitlab) { caller, folder in
            let path = "\(site)/repository/commits"
            func message(_ body: JSON) async throws -> String {
                let reply = try await caller.send("POST", path, body)
                #expect(reply.status == 400)
                return reply.message
            }
            let present: JSON = ["action": "create", "file_path": "run", "content": "x"]
            #expect(try await message(commit("a", [present])) == "A file with this name already exists")
            let absent: JSON = ["action": "update", "file_path": "none", "content": "x"]
            #expect(try await message(commit("a", [absent])) == "A file with this name doesn't exist")
            #expect(try await message(commit("a", [hello, hello])) == "A file with this name already exists")
            #expect(
                try await message(commit("a", [hello], from: nil))
                    == "You can only create or edit files when you are on a branch")
            let stale: JSON = [
                "action": "update", "file_path": "run", "content": "x",
                "last_commit_id": .string(String(repeating: "0", count: 40)),
            ]
            #expect(
                try await message(commit("a", [stale])) == "The file has changed since you started editing it: run")
            #expect(try await git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/main")
            _ = try await caller.send("POST", path, commit("a", [hello]))
            #expect(
                try await message(commit("a", [hello]))
                    == "A branch called 'a' already exists. Switch to that branch in order to make changes")
            #expect(try await caller.send("POST", path, commit("a", [hello], force: true)).status == 201)
            #expect(try await git(folder, "rev-list", "--count", "main..a") == "1")
        }
    }

    @Test func aMergeRequestIsOpenedOnceAndMerged() async throws {
        try await withForge(.gitlab) { caller, folder in
            _ = try await caller.send("POST", "\(site)/repository/commits", commit("job/1", [hello]))
            let maria = try await caller.send("GET", "/users?username=maria").body[0]?["id"]?.intValue ?? 0
            let request: JSON = [
                "source_branch": "job/1", "target_branch": "main", "title": "Draft: Hello", "labels": "a,b",
                "reviewer_ids": [.int(Int64(maria))],
            ]
            let opened = try await caller.send("POST", "\(site)/merge_requests", request)
            #expect(opened.status == 201)
            #expect(opened["draft"] == true)
            #expect(opened["labels"] == ["a", "b"])
            let again = try await caller.send("POST", "\(site)/merge_requests", request)
            #expect(again.status == 409)
            #expect(
                again["message"] == ["Another open merge request already exists for this source branch: !1"])
            #expect(try await caller.send("PUT", "\(site)/merge_requests/1/merge", [:]).status == 405)
            let ready = try await caller.send(
                "PUT", "\(site)/merge_requests/1", ["title": "Hello", "add_labels": "c", "remove_labels": "a"])
            #expect(ready["labels"] == ["b", "c"])
            let listed = try await caller.send("GET", "\(site)/merge_requests?source_branch=job/1&state=opened")
            #expect(listed.body.arrayValue?.count == 1)
            #expect(listed.head["X-Total"] == "1")
            let waiting = try await caller.send("PUT", "\(site)/merge_requests/1/merge", ["auto_merge": true])
            #expect(waiting["merge_when_pipeline_succeeds"] == true)
            #expect(waiting["state"] == "opened")
            let stale = try await caller.send(
                "PUT", "\(site)/merge_requests/1/merge", ["sha": .string(String(repeating: "0", count: 40))])
            #expect(stale.status == 409)
            let head = try await git(folder, "rev-parse", "job/1")
            let merged = try await caller.send("PUT", "\(site)/merge_requests/1/merge", ["sha": .string(head)])
            #expect(merged["state"] == "merged")
            #expect(try await git(folder, "rev-parse", "main^2") == head)
        }
    }

    @Test func branchesAreMadeAndDeleted() async throws {
        try await withForge(.gitlab) { caller, folder in
            let branches = "\(site)/repository/branches"
            #expect(try await caller.send("POST", branches, ["branch": "a/b", "ref": "main"]).status == 201)
            let again = try await caller.send("POST", branches, ["branch": "a/b", "ref": "main"])
            #expect(again.message == "Branch already exists")
            #expect(try await caller.send("GET", "\(branches)/a%2Fb")["name"] == "a/b")
            _ = try await caller.send("POST", "\(site)/repository/commits", commit("a/b", [hello], from: nil))
            _ = try await caller.send(
                "POST", "\(site)/merge_requests", ["source_branch": "a/b", "target_branch": "main", "title": "x"])
            #expect(try await caller.send("DELETE", "\(branches)/a%2Fb").status == 204)
            #expect(try await caller.send("GET", "\(branches)/a%2Fb").message == "404 Branch Not Found")
            #expect(try await git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/main")
            #expect(try await caller.send("GET", "\(site)/merge_requests/1")["state"] == "opened")
        }
    }

    @Test func whatIsNotKnownIsRefused() async throws {
        try await withForge(.gitlab, violations: true) { caller, _ in
            let commits = "\(site)/repository/commits"
            let lacking = try await caller.send("POST", commits, ["branch": "x"])
            #expect(lacking["error"] == "commit_message is missing, actions is missing")
            let media = try await caller.send(
                "POST", commits, commit("x", [hello]), headers: ["Content-Type": "text/plain"])
            #expect(media.status == 415)
            let mode: JSON = ["action": "create", "file_path": "x", "content": "", "execute_filemode": true]
            #expect(try await caller.send("POST", commits, commit("x", [mode])).status == 400)
            let unknown = try await caller.send("POST", "\(site)/merge_requests", ["draft": true])
            #expect(unknown.status == 400)
            let early = try await caller.send(
                "POST", "\(site)/merge_requests", ["source_branch": "x", "target_branch": "main", "title": "x"])
            #expect(early.status == 400)
            #expect(try await caller.send("GET", site, headers: ["PRIVATE-TOKEN": ""]).status == 401)
            #expect(await caller.forge.violations.count == 6)
            let reader = Caller(
                forge: caller.forge, token: await caller.forge.addToken(for: "robot", scopes: ["read_api"]))
            #expect(try await reader.send("GET", site).status == 200)
            #expect(try await reader.send("POST", commits, commit("x", [hello]))["error"] == "insufficient_scope")
            try await caller.forge.protect("main", of: "acme/site")
            #expect(try await caller.send("POST", commits, commit("main", [hello])).status == 403)
            #expect(await caller.forge.violations.count == 6)
        }
    }
}
