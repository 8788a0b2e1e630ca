import Crypto
import Foundation
import GitForges
import JSON
import Jobs
import TestKit
import Testing

/// Jobs of type `pull_request` against forges that are played strictly, with git as the judge.
@Suite struct PullRequestJobTests {
    @Test func filesBecomeOnePullRequest() async throws {
        try await withEachForge { bench in
            let end = try await bench.stack.end(
                "pull_request",
                bench.spec([
                    "files": [
                        ["path": "data/new.txt", "content": "new\n"], ["path": "README.md", "content": "# Other\n"],
                        ["path": "old/gone.txt", "delete": true], ["path": "never/there.txt", "delete": true],
                        ["path": "data/binary", "base64": "AP8Q"], ["path": "kept.sh", "content": "echo more\n"],
                    ],
                    "values": ["count": 3, "site": ["name": "a | b"]],
                    "title": "Data of {{ count }} pages", "body": "From **{{site.name}}**", "labels": ["data", "new"],
                    "reviewers": ["rita"], "draft": true,
                    "author": ["name": "Ada", "email": "ada@example.org"],
                    "co_authors": [["name": "Bob", "email": "bob@example.org"]],
                ]))
            #expect(end["status"] == "completed", "\(end)")
            let result = try #require(end["result"])
            #expect(result["action"] == "created" && result["base"] == "main")
            let id = try #require(end["id"]?.stringValue)
            #expect(result["branch"]?.stringValue == "switchyard/\(id)")

            let pulls = try await bench.forge.pulls(bench.name)
            #expect(pulls.count == 1)
            let pull = try #require(pulls.first)
            #expect(pull.title.hasSuffix("Data of 3 pages") && pull.isDraft && pull.state == .open)
            #expect(pull.body == "From **a | b**\n\n<!-- switchyard-job: \(id) -->")
            #expect(Set(pull.labels) == ["data", "new"] && pull.reviewers == ["rita"])
            #expect(result["pull_request"]?["number"]?.intValue == pull.number)

            let head = try await bench.git("rev-parse", "refs/heads/switchyard/\(id)")
            #expect(result["commit"]?["sha"]?.stringValue == head)
            let base = try await bench.git("rev-parse", "main")
            #expect(try await bench.git("rev-list", "--parents", "-1", head) == "\(head) \(base)")
            #expect(
                try await bench.git("log", "-1", "--format=%an <%ae>%n%B", head) == """
                    Ada <ada@example.org>
                    Data of 3 pages

                    Co-authored-by: Bob <bob@example.org>
                    Switchyard-Job: \(id)
                    """)
            #expect(
                try await bench.git("ls-tree", "-r", "--format=%(objectmode) %(path)", head) == """
                    100644 README.md
                    100644 data/binary
                    100644 data/new.txt
                    100755 kept.sh
                    """)
            #expect(try await bench.git("show", "\(head):kept.sh") == "echo more")
            #expect(try await bench.git("cat-file", "-s", "\(head):data/binary") == "3")
            await bench.expectNoViolations()
        }
    }

    @Test func theSameFilesAreNoChange() async throws {
        try await withEachForge { bench in
            let files: JSON = [["path": "README.md", "content": "# A\n"], ["path": "none", "delete": true]]
            let end = try await bench.stack.end("pull_request", bench.spec(["files": files]))
            #expect(end["status"] == "completed" && end["result"]?["action"] == "none", "\(end)")
            #expect(try await bench.forge.pulls(bench.name).isEmpty)
            #expect(try await bench.git("for-each-ref", "--format=%(refname)") == "refs/heads/main")
            #expect(!bench.forge.requests.contains { $0.isWrite })
            await bench.expectNoViolations()
        }
    }

    @Test func aBranchThatIsThereIsUpdatedAndThatOfOthersIsLeftAlone() async throws {
        try await withEachForge { bench in
            func run(_ content: String, _ more: JSONObject = [:]) async throws -> JSON {
                var spec: JSONObject = [
                    "branch": "data/nightly", "files": [["path": "a", "content": .string(content)]],
                ]
                for (key, value) in more { spec[key] = value }
                return try await bench.stack.end("pull_request", bench.spec(spec))
            }
            #expect(try await run("one")["result"]?["action"] == "created")
            #expect(try await run("one")["result"]?["action"] == "updated", "its words name another job now")
            #expect(try await run("two")["result"]?["action"] == "updated")
            #expect(try await run("three", ["on_existing": "reuse"])["result"]?["action"] == "reused")
            #expect(try await run("three", ["on_existing": "fail"])["error"]?["code"] == "branch_exists")
            #expect(try await bench.git("rev-list", "--count", "main..data/nightly") == "2")
            #expect(try await bench.git("show", "data/nightly:a") == "two")
            #expect(try await bench.forge.pulls(bench.name).count == 1)

            try await bench.forge.push(
                bench.name, branch: "data/nightly", files: [ForgeFile("b", "theirs")], author: "rita")
            let refused = try await run("four")
            #expect(refused["status"] == "failed" && refused["error"]?["code"] == "branch_not_ours", "\(refused)")
            #expect(try await bench.git("rev-list", "--count", "main..data/nightly") == "3")
            await bench.expectNoViolations()
        }
    }

    @Test func whatWasClosedStaysClosedUnlessItIsAsked() async throws {
        try await withEachForge { bench in
            func run(_ content: String, reopen: Bool) async throws -> JSON {
                try await bench.stack.end(
                    "pull_request",
                    bench.spec([
                        "branch": "data", "files": [["path": "a", "content": .string(content)]],
                        "reopen": .bool(reopen),
                    ]))
            }
            let first = try await run("one", reopen: false)
            let number = try #require(first["result"]?["pull_request"]?["number"]?.intValue)
            try await bench.forge.close(number, of: bench.name)
            #expect(try await run("two", reopen: false)["error"]?["code"] == "pull_request_closed")
            #expect(try await bench.git("show", "data:a") == "one")
            #expect(try await run("two", reopen: true)["result"]?["pull_request"]?["state"] == "open")
            try await bench.forge.merge(number, of: bench.name, by: "rita")
            let next = try await run("three", reopen: false)
            #expect(next["result"]?["action"] == "created", "\(next)")
            #expect(try await bench.forge.pulls(bench.name).map(\.state) == [.merged, .open])
            await bench.expectNoViolations()
        }
    }

    @Test func whatCannotBeIsSaid() async throws {
        try await withForge(.github) { bench in
            let cases: [(JSONObject, String)] = [
                (["files": [["path": "../a", "content": "x"]]], "invalid_path"),
                (["files": [["path": "a/.git/b", "content": "x"]]], "invalid_path"),
                (["files": [["path": "a", "content": "x"], ["path": "a/b", "content": "x"]]], "invalid_path"),
                (["files": [["path": "a", "base64": "?"]]], "invalid_content"),
                (["branch": "a..b"], "invalid_branch"), (["branch": "main"], "invalid_branch"),
                (["title": "{{nothing}}"], "unknown_value"), (["base": "nowhere"], "unknown_base"),
                (["repository": "acme/none"], "not_found"), (["credentials": ["name": "none"]], "unknown_credentials"),
                (["credentials": ["token": "ghp_wrong"]], "bad_credentials"), (["reviewers": ["nobody"]], "refused"),
            ]
            for (spec, code) in cases {
                let end = try await bench.stack.end("pull_request", bench.spec(spec))
                #expect(end["status"] == "failed" && end["error"]?["code"]?.stringValue == code, "\(spec): \(end)")
            }
        }
    }
}
