import GitForges
import JSON
import Testing

@Suite struct GitHubTests {
    private let site = "/repos/acme/site"

    /// Puts a file on a new branch by blob, tree, commit and reference; answers the commit.
    private func branch(_ name: String, _ caller: Caller) async throws -> String {
        let base = try #require(
            try await caller.send("GET", "\(site)/git/ref/heads/main")["object"]?["sha"]?.stringValue)
        let blob = try await caller.send("POST", "\(site)/git/blobs", ["content": "aGVsbG8K", "encoding": "base64"])
        #expect(blob.status == 201)
        let file: JSON = ["path": "bin/hello", "mode": "100755", "type": "blob", "sha": blob["sha"] ?? .null]
        let gone: JSON = ["path": "README.md", "mode": "100644", "type": "blob", "sha": .null]
        let tree = try await caller.send(
            "POST", "\(site)/git/trees", ["base_tree": .string(base), "tree": [file, gone]])
        #expect(tree.status == 201)
        let commit = try await caller.send(
            "POST", "\(site)/git/commits",
            [
                "message": "Add hello\n\nBy a job.", "tree": tree["sha"] ?? .null, "parents": [.string(base)],
                "author": ["name": "Ada", "email": "ada@example.org", "date": "2026-01-02T03:04:05Z"],
            ])
        #expect(commit.status == 201)
        let made = try await caller.send(
            "POST", "\(site)/git/refs", ["ref": "refs/heads/\(name)", "sha": commit["sha"] ?? .null])
        #expect(made.status == 201)
        return try #require(commit["sha"]?.stringValue)
    }

    @Test func aBranchHoldsWhatTheCallsPutThere() async throws {
        try await withForge(.github) { caller, folder in
            let id = try await branch("job/1", caller)
            #expect(try await git(folder, "rev-parse", "refs/heads/job/1") == id)
            #expect(try await git(folder, "rev-parse", "job/1^") == git(folder, "rev-parse", "main"))
            #expect(
                try await git(folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", "job/1")
                    == "100755 bin/hello\n100755 run")
            #expect(try await git(folder, "cat-file", "blob", "job/1:bin/hello") == "hello")
            #expect(
                try await git(folder, "show", "-s", "--format=%an %ae %at|%s|%b", "job/1")
                    == "Ada ada@example.org 1767323045|Add hello|By a job.")
        }
    }

    @Test func aPullRequestIsOpenedOnceAndMerged() async throws {
        try await withForge(.github) { caller, folder in
            let head = try await branch("job/1", caller)
            let request: JSON = [
                "title": "Hello", "head": "acme:job/1", "base": "main", "body": "Text", "draft": false,
            ]
            let opened = try await caller.send("POST", "\(site)/pulls", request)
            #expect(opened.status == 201)
            #expect(opened["number"] == 1)
            #expect(opened["head"]?["sha"]?.stringValue == head)
            let again = try await caller.send("POST", "\(site)/pulls", request)
            #expect(again.status == 422)
            #expect(again["errors"]?[0]?["message"] == "A pull request already exists for acme:job/1.")
            let labels = try await caller.send("POST", "\(site)/issues/1/labels", ["labels": ["automated"]])
            #expect(labels.body[0]?["name"] == "automated")
            let asked = try await caller.send("POST", "\(site)/pulls/1/requested_reviewers", ["reviewers": ["maria"]])
            #expect(asked.status == 201)
            let stranger = try await caller.send("POST", "\(site)/pulls/1/requested_reviewers", ["reviewers": ["eve"]])
            #expect(stranger.status == 422)
            #expect(stranger.message.hasPrefix("Reviews may only be requested from collaborators."))
            let listed = try await caller.send("GET", "\(site)/pulls?state=all&head=acme:job/1&base=main")
            #expect(listed.body.arrayValue?.count == 1)
            let merged = try await caller.send("PUT", "\(site)/pulls/1/merge", ["sha": .string(head)])
            #expect(merged["merged"] == true)
            #expect(
                try await git(folder, "rev-parse", "main^2") == head)
            let pull = try #require(try await caller.forge.pulls("acme/site").first)
            #expect(pull.state == .merged)
            #expect(pull.reviewers == ["maria"])
            #expect(pull.labels == ["automated"])
        }
    }

    @Test func referencesAreMadeOnceAndMovedForward() async throws {
        try await withForge(.github) { caller, folder in
            let id = try await branch("job/1", caller)
            let twice = try await caller.send(
                "POST", "\(site)/git/refs", ["ref": "refs/heads/job/1", "sha": .string(id)])
            #expect(twice.status == 422)
            #expect(twice.message == "Reference already exists")
            let other = try await caller.forge.push(
                "acme/site", branch: "job/1", files: [ForgeFile("theirs", "x\n")], author: "maria")
            let back = try await caller.send("PATCH", "\(site)/git/refs/heads/job/1", ["sha": .string(id)])
            #expect(back.status == 422)
            #expect(back.message == "Update is not a fast forward")
            #expect(try await git(folder, "rev-parse", "job/1") == other)
            let forced = try await caller.send(
                "PATCH", "\(site)/git/refs/heads/job/1", ["sha": .string(id), "force": true])
            #expect(forced.status == 200)
            #expect(try await git(folder, "rev-parse", "job/1") == id)
            #expect(try await caller.send("DELETE", "\(site)/git/refs/heads/job/1").status == 204)
            #expect(try await caller.send("GET", "\(site)/git/ref/heads/job/1").status == 404)
        }
    }

    @Test func aDeletedHeadClosesItsPullRequest() async throws {
        try await withForge(.github) { caller, _ in
            _ = try await branch("job/1", caller)
            let request: JSON = ["title": "Hello", "head": "job/1", "base": "main"]
            _ = try await caller.send("POST", "\(site)/pulls", request)
            try await caller.forge.deleteBranch("job/1", of: "acme/site")
            #expect(try await caller.send("GET", "\(site)/pulls/1")["state"] == "closed")
            let reopened = try await caller.send("PATCH", "\(site)/pulls/1", ["state": "open"])
            #expect(reopened.status == 422)
            #expect(reopened["errors"]?[0]?["field"] == "state")
        }
    }

    @Test func thereIsNoPullRequestWithoutCommits() async throws {
        try await withForge(.github) { caller, folder in
            let id = try await git(folder, "rev-parse", "main")
            _ = try await caller.send("POST", "\(site)/git/refs", ["ref": "refs/heads/same", "sha": .string(id)])
            let refused = try await caller.send(
                "POST", "\(site)/pulls", ["title": "x", "head": "same", "base": "main"])
            #expect(refused.status == 422)
            #expect(refused["errors"]?[0]?["message"] == "No commits between main and same")
        }
    }

    @Test func aPullRequestCanMergeByItself() async throws {
        try await withForge(.github) { caller, _ in
            _ = try await branch("job/1", caller)
            let opened = try await caller.send(
                "POST", "\(site)/pulls", ["title": "Hello", "head": "job/1", "base": "main", "draft": true])
            let query =
                "mutation M($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: SQUASH}) "
                + "{ pullRequest { number autoMergeRequest { mergeMethod } } } }"
            let body: JSON = ["query": .string(query), "variables": ["id": opened["node_id"] ?? .null]]
            let draft = try await caller.send("POST", "/graphql", body)
            #expect(draft.status == 200)
            #expect(draft["errors"]?[0]?["type"] == "UNPROCESSABLE")
            let ready = "mutation($i: X) { markPullRequestReadyForReview(input: $i) { pullRequest { isDraft } } }"
            let done = try await caller.send(
                "POST", "/graphql",
                ["query": .string(ready), "variables": ["i": ["pullRequestId": opened["node_id"] ?? .null]]])
            #expect(done["data"]?["markPullRequestReadyForReview"] == ["pullRequest": ["isDraft": false]])
            let enabled = try await caller.send("POST", "/graphql", body)
            #expect(
                enabled["data"]?["enablePullRequestAutoMerge"]
                    == ["pullRequest": ["number": 1, "autoMergeRequest": ["mergeMethod": "SQUASH"]]])
            #expect(try await caller.forge.pulls("acme/site")[0].autoMerge == "squash")
        }
    }

    @Test func whatIsKnownIsNotSentAgainAndCostsNothing() async throws {
        try await withForge(.github) { caller, _ in
            let first = try await caller.send("GET", site)
            let tag = try #require(first.head["etag"])
            let again = try await caller.send("GET", site, headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.head["x-ratelimit-remaining"] == first.head["x-ratelimit-remaining"])
        }
    }

    @Test func anEnterpriseServerHasAPrefix() async throws {
        try await withForge(.github) { caller, _ in
            let found = try await caller.send("GET", "/api/v3\(site)")
            #expect(found["url"]?.stringValue == "\(caller.forge.origin)/api/v3/repos/acme/site")
            let query = "mutation { convertPullRequestToDraft(input: {pullRequestId: \"none\"}) { clientMutationId } }"
            let reply = try await caller.send("POST", "/api/graphql", ["query": .string(query)])
            #expect(reply["errors"]?[0]?["type"] == "NOT_FOUND")
        }
    }

    @Test func aBurstOfWritesIsRefused() async throws {
        try await withForge(.github) { caller, _ in
            await caller.forge.limit(writesPerMinute: 2)
            func write() async throws -> Caller.Reply {
                try await caller.send("POST", "\(site)/git/blobs", ["content": "x"])
            }
            #expect(try await [write().status, write().status] == [201, 201])
            let refused = try await write()
            #expect(refused.status == 403)
            #expect(refused.message.hasPrefix("You have exceeded a secondary rate limit."))
            let seconds = try #require(refused.head["retry-after"].flatMap(Int.init))
            #expect(try await caller.send("GET", site).status == 200)
            await caller.forge.advance(by: .seconds(seconds))
            #expect(try await write().status == 201)
        }
    }

    @Test func theHoursRequestsEnd() async throws {
        try await withForge(.github) { caller, _ in
            await caller.forge.limit(requestsPerHour: 2)
            #expect(try await caller.send("GET", site).head["x-ratelimit-remaining"] == "1")
            #expect(try await caller.send("GET", site).status == 200)
            let refused = try await caller.send("GET", site)
            #expect(refused.status == 403)
            #expect(refused.head["x-ratelimit-remaining"] == "0")
            #expect(refused.message.hasPrefix("API rate limit exceeded"))
            await caller.forge.advance(by: .seconds(3600))
            #expect(try await caller.send("GET", site).status == 200)
        }
    }
}
