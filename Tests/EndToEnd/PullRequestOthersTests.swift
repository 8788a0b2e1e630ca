import Foundation
import GitForges
import JSON
import TestKit
import Testing

/// Nothing of others is touched, and nothing that is not ours is taken for ours.
@Suite struct PullRequestOthersTests {
    @Test func aForkIsNotOurs() async throws {
        try await withEachForge { bench in
            try await bench.forge.openFromFork("data", of: bench.name, by: "mallory")
            let end = try await bench.stack.end(
                "pull_request", bench.spec(["branch": "data", "labels": ["new"], "auto_merge": "merge"]))
            #expect(end["result"]?["pull_request"]?["number"] == 2, "\(end)")
            let theirs = try #require(try await bench.forge.pulls(bench.name).first)
            #expect(theirs.labels.isEmpty && theirs.autoMerge == nil && theirs.state == .open)
            try await bench.forge.close(1, of: bench.name)
            let again = try await bench.stack.end(
                "pull_request", bench.spec(["branch": "data", "files": [["path": "a", "content": "y"]]]))
            #expect(again["result"]?["pull_request"]?["number"] == 2, "\(again)")
            await bench.expectNoViolations()
        }
    }

    @Test func aBranchWithNothingOfItsOwnMayBeAnybodys() async throws {
        try await withEachForge { bench in
            try await bench.forge.push(bench.name, branch: "next", files: [ForgeFile("n", "n")], author: "rita")
            _ = try await bench.git("branch", "production", "main")
            for (branch, code) in [("production", "branch_not_ours"), ("main", "invalid_branch")] {
                let end = try await bench.stack.end(
                    "pull_request", bench.spec(["base": "next", "branch": .string(branch)]))
                #expect(end["error"]?["code"]?.stringValue == code, "\(end)")
            }
            #expect(!bench.forge.requests.contains { $0.isWrite })
            #expect(try await bench.git("rev-parse", "production") == bench.git("rev-parse", "main"))
            await bench.expectNoViolations()
        }
    }

    /// Files that differ between the base and the repository's default branch.
    @Test func theBaseNeedNotBeTheDefaultBranch() async throws {
        try await withEachForge { bench in
            try await bench.forge.push(
                bench.name, branch: "release", files: [ForgeFile("README.md", "# Release\n")], author: "rita")
            let end = try await bench.stack.end(
                "pull_request",
                bench.spec([
                    "base": "release", "branch": "data", "files": [["path": "README.md", "content": "# New\n"]],
                ]))
            #expect(end["status"] == "completed", "\(end)")
            #expect(try await bench.git("show", "data:README.md") == "# New")
            #expect(try await bench.git("rev-list", "--count", "release..data") == "1")
            await bench.expectNoViolations()
        }
    }

    @Test(arguments: [false, true])
    func aBranchThatWasMergedAndLeft(isSquashed: Bool) async throws {
        try await withEachForge { bench in
            func run(_ content: String) async throws -> JSON {
                try await bench.stack.end(
                    "pull_request",
                    bench.spec(["branch": "data", "files": [["path": "a", "content": .string(content)]]]))
            }
            #expect(try await run("one")["result"]?["action"] == "created")
            try await bench.forge.merge(1, of: bench.name, by: "rita", squash: isSquashed)
            #expect(try await run("one")["result"]?["action"] == "none", "the base has it")
            #expect(try await bench.forge.pulls(bench.name).count == 1)
            let second = try await run("two")
            guard !isSquashed else {
                // What it has came to the base as another commit: one more would conflict with that.
                #expect(second["error"]?["code"] == "branch_merged", "\(second)")
                return
            }
            #expect(second["result"]?["pull_request"]?["number"] == 2, "\(second)")
            try await bench.forge.merge(2, of: bench.name, by: "rita")
            #expect(try await bench.git("show", "main:a") == "two")
            // The base goes on alone: what the branch has is no ground to build on.
            try await bench.forge.push(bench.name, branch: "main", files: [ForgeFile("a", "theirs")], author: "rita")
            #expect(try await run("two")["error"]?["code"] == "branch_merged")
            #expect(try await run("theirs")["result"]?["action"] == "none")
            try await bench.forge.deleteBranch("data", of: bench.name)
            #expect(try await run("two")["result"]?["pull_request"]?["number"] == 3)
            await bench.expectNoViolations()
        }
    }

    @Test func whatCannotBeOpenedAgainIsOpenedAnew() async throws {
        try await withForge(.github) { bench in
            let first = try await bench.stack.end("pull_request", bench.spec(["branch": "data"]))
            #expect(first["status"] == "completed", "\(first)")
            // GitHub closes it, and opens none whose branch was made anew.
            try await bench.forge.deleteBranch("data", of: bench.name)
            bench.forge.faults.inject(
                method: "PATCH", path: "/repos/*/*/pulls/1",
                .status(
                    422, headers: ["Content-Type": "application/json"],
                    body: #"{"message":"Validation Failed","errors":[{"message":"state cannot be changed."}]}"#))
            let second = try await bench.stack.end("pull_request", bench.spec(["branch": "data", "reopen": true]))
            #expect(second["result"]?["pull_request"]?["number"] == 2, "\(second)")
            #expect(try await bench.forge.pulls(bench.name).map(\.state) == [.closed, .open])
        }
    }
}

/// What a provider takes only so much of.
@Suite struct PullRequestLimitTests {
    @Test func aLongListOfBlobsIsNotMadeAgain() async throws {
        try await withForge(.github) { bench in
            let files = (0..<50).map { number -> JSON in
                ["path": "pictures/\(number)", "base64": .string(Data([0xFF, UInt8(number)]).base64EncodedString())]
            }
            bench.forge.faults.inject(
                method: "POST", path: "/repos/*/*/git/trees",
                .status(403, headers: ["Content-Type": "application/json"], body: #"{"message":"No."}"#))
            let failed = try await bench.stack.end("pull_request", bench.spec(["files": .array(files)]))
            let id = try #require(failed["id"]?.stringValue)
            let done = try await bench.stack.api.send("POST", "/api/v1/jobs/\(id)/retry-pr?wait=60s")
            #expect(done.status == 200, "\(done.text)")
            let made = bench.forge.requests.filter { $0.method == "POST" && $0.path.hasSuffix("/git/blobs") }
            #expect(made.count == 70, "all of them once, and the few that are not looked for twice")
            #expect(
                try await bench.git("ls-tree", "-r", "--name-only", "switchyard/\(id)", "pictures/").split(
                    separator: "\n"
                ).count == 50)
            await bench.expectNoViolations()
        }
    }

    @Test func longTextsAreCut() async throws {
        try await withEachForge { bench in
            let end = try await bench.stack.end(
                "pull_request",
                bench.spec([
                    "values": ["text": .string(String(repeating: "ä", count: 100_000))], "title": "a\r\n{{text}}",
                    "body": "{{text}}", "draft": true,
                ]))
            #expect(end["status"] == "completed", "\(end)")
            let pull = try #require(try await bench.forge.pulls(bench.name).first)
            #expect(pull.title.unicodeScalars.count <= 255 && pull.title.contains("a ää") && pull.title.hasSuffix("ä…"))
            #expect(pull.body.unicodeScalars.count <= 65_536)
            #expect(pull.body.hasSuffix("ä…\n\n<!-- switchyard-job: \(try #require(end["id"]?.stringValue)) -->"))
            await bench.expectNoViolations()
        }
    }

    @Test func oneReviewerOfTwoIsEnoughWhereMoreAreNotTaken() async throws {
        try await withForge(.gitlab) { bench in
            try await bench.forge.limit(reviewers: 1, in: bench.name)
            let end = try await bench.stack.end("pull_request", bench.spec(["reviewers": ["rita", "robot"]]))
            #expect(end["status"] == "completed", "\(end)")
            #expect(try await bench.forge.pulls(bench.name).first?.reviewers == ["rita"])
            let refused = try await bench.stack.end(
                "pull_request", bench.spec(["reviewers": ["nobody"], "branch": "other"]))
            #expect(refused["error"]?["code"] == "unknown_reviewer", "\(refused)")
        }
    }
}
