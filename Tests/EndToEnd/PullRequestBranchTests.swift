import Foundation
import GitForges
import JSON
import TestKit
import Testing

/// What a job makes of a repository in which others work, too.
@Suite struct PullRequestBranchTests {
    private static let refusal = #"{"message":"Resource protected by organization SAML enforcement."}"#

    @Test func aBranchThatSomebodyHasDeletedIsMadeAnew() async throws {
        try await withEachForge { bench in
            let path =
                switch bench.forge.provider {
                case .github: "/repos/*/*/pulls"
                case .gitlab: "/api/v4/projects/*/merge_requests"
                case .gitea: "/api/v1/repos/*/*/pulls"
                }
            bench.forge.faults.inject(method: "POST", path: path, .refusal(Self.refusal))
            let failed = try await bench.stack.end("pull_request", bench.spec(["branch": "data"]))
            #expect(failed["status"] == "failed", "\(failed)")
            #expect(try await bench.git("show", "data:a") == "x", "its branch was there before its pull request")
            try await bench.forge.deleteBranch("data", of: bench.name)

            let done = try await bench.retryPullRequest(failed)
            #expect(done["result"]?["action"] == "created", "\(done)")
            #expect(try await bench.git("show", "data:a") == "x")
            #expect(try await bench.git("rev-parse", "data") == done["result"]?["commit"]?["sha"]?.stringValue)
            #expect(try await bench.forge.pulls(bench.name).map(\.state) == [.open])
            await bench.expectNoViolations()
        }
    }

    @Test func whatWasMergedIsFoundBehindItsBranch() async throws {
        try await withEachForge { bench in
            let labels =
                switch bench.forge.provider {
                case .github: ("POST", "/repos/*/*/issues/*/labels")
                case .gitlab: ("PUT", "/api/v4/projects/*/merge_requests/*")
                case .gitea: ("POST", "/api/v1/repos/*/*/issues/*/labels")
                }
            bench.forge.faults.inject(method: labels.0, path: labels.1, .refusal(Self.refusal))
            let failed = try await bench.stack.end(
                "pull_request", bench.spec(["branch": "data", "labels": ["new"]]))
            #expect(failed["status"] == "failed", "\(failed)")
            try await bench.forge.merge(1, of: bench.name, by: "rita")
            try await bench.forge.deleteBranch("data", of: bench.name)

            let done = try await bench.retryPullRequest(failed)
            #expect(done["result"]?["pull_request"]?["state"] == "merged", "\(done)")
            #expect(done["result"]?["pull_request"]?["number"] == 1)
            #expect(try await bench.git("for-each-ref", "--format=%(refname)") == "refs/heads/main")
            #expect(try await bench.forge.pulls(bench.name).count == 1)
            await bench.expectNoViolations()
        }
    }

    @Test func aPullRequestIsForOneBase() async throws {
        try await withEachForge { bench in
            func run(into base: String, _ content: String) async throws -> JSON {
                try await bench.stack.end(
                    "pull_request",
                    bench.spec([
                        "branch": "data", "base": .string(base),
                        "files": [["path": "a", "content": .string(content)]],
                    ]))
            }
            try await bench.forge.push(bench.name, branch: "next", files: [ForgeFile("n", "n")], author: "rita")
            #expect(try await run(into: "main", "one")["result"]?["action"] == "created")
            let second = try await run(into: "next", "two")
            #expect(second["result"]?["pull_request"]?["number"] == 2, "\(second)")
            #expect(try await bench.forge.pulls(bench.name).map(\.base) == ["main", "next"])
            // One that was closed is nothing to those into another base.
            try await bench.forge.close(2, of: bench.name)
            #expect(try await run(into: "next", "three")["error"]?["code"] == "pull_request_closed")
            #expect(try await run(into: "main", "three")["result"]?["pull_request"]?["number"] == 1)
            await bench.expectNoViolations()
        }
    }

    @Test func aLinkIsReplacedAndNotWrittenTo() async throws {
        try await withEachForge { bench in
            let links = [
                ForgeFile("docs/link", "../README.md", mode: "120000"),
                ForgeFile("gone", "README.md", mode: "120000"),
            ]
            try await bench.forge.push(bench.name, branch: "main", files: links, author: "rita")
            let deleted = try await bench.stack.end(
                "pull_request", bench.spec(["files": [["path": "gone", "delete": true]], "branch": "delete"]))
            #expect(deleted["status"] == "completed", "\(deleted)")
            #expect(try await bench.git("ls-tree", "--name-only", "delete", "gone", "README.md") == "README.md")
            let written = try await bench.stack.end(
                "pull_request",
                bench.spec(["files": [["path": "docs/link", "content": "text\n"]], "branch": "write"]))
            if bench.forge.provider == .github {
                #expect(try await bench.git("ls-tree", "-r", "write", "docs").hasPrefix("100644 blob"), "\(written)")
            } else {
                #expect(written["error"]?["code"] == "mode_not_supported", "\(written)")
            }
            await bench.expectNoViolations()
        }
    }

    @Test func labelsAreFoundOnAllPages() async throws {
        try await withForge(.gitea) { bench in
            for number in 1...120 { try await bench.forge.addLabel("label-\(number)", to: bench.name) }
            let end = try await bench.stack.end(
                "pull_request", bench.spec(["labels": ["label-1", "label-60", "label-120", "new"]]))
            #expect(end["status"] == "completed", "\(end)")
            let labels = try await bench.forge.pulls(bench.name).first?.labels ?? []
            #expect(Set(labels) == ["label-1", "label-60", "label-120", "new"])
            await bench.expectNoViolations()
        }
    }
}

extension Fault {
    fileprivate static func refusal(_ body: String) -> Fault {
        .status(403, headers: ["Content-Type": "application/json"], body: body)
    }
}

extension ForgeBench {
    /// The job that a retry of a failed one makes, ended.
    fileprivate func retryPullRequest(
        _ failed: JSON, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> JSON {
        let id = try #require(failed["id"]?.stringValue, sourceLocation: sourceLocation)
        let answer = try await stack.api.send("POST", "/api/v1/jobs/\(id)/retry-pr?wait=60s")
        #expect(answer.status == 200, "\(answer.text)", sourceLocation: sourceLocation)
        return answer.json
    }
}
