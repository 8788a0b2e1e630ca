import Crypto
import Foundation
import JSON
import Testing
import WorkerKit

@testable import PullRequestsWorker

/// What becomes of a spec before any provider is asked.
@Suite struct ChangeTests {
    private let template = Template(values: [
        "name": "a", "count": 3, "list": [["x": "deep"], .null], "object": ["k": true],
    ])

    @Test(arguments: [
        ("plain", "plain"), ("{{name}}", "a"), ("{{ count }}/{{list.0.x}}", "3/deep"), ("{{object}}", "{\"k\":true}"),
        ("{ {name} }", "{ {name} }"), ("}} {{name}} }}", "}} a }}"), ("{{list.1}}", "null"),
    ])
    func templatesAreFilled(text: String, expected: String) throws {
        #expect(try template.fill(text) == expected)
    }

    @Test(arguments: ["{{", "{{name", "{{}}", "{{nothing}}", "{{name.x}}", "{{list.2}}", "{{list.-1}}", "{{list.x}}"])
    func whatATemplateCannotFindIsSaid(text: String) {
        #expect { try template.fill(text) } throws: { ($0 as? JobFailure)?.code == "unknown_value" }
    }

    @Test(arguments: ["a", "a/b.c", "ä/日本", ".github/workflows/x.yml", ".gitignore", "a b"])
    func goodPaths(path: String) throws { try RepositoryPath.check(path) }

    @Test(arguments: [
        "", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", ".git/config", "a/.GIT/x", "a\nb", "a\u{0}", "a\u{7F}",
    ])
    func badPaths(path: String) {
        #expect { try RepositoryPath.check(path) } throws: { ($0 as? JobFailure)?.code == "invalid_path" }
    }

    /// What git-check-ref-format(1) says of the same names.
    @Test(arguments: [
        "a", "a/b", "a.b", "a-b", "ä", "", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a..b", "a b", "a~b",
        "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a.", "a@{b", "-a", "a\u{1}b", "a\u{7F}b", "@a", "a@b",
    ])
    func branchesAreThoseOfGit(name: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["check-ref-format", "--branch", name]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        process.waitUntilExit()
        var isGood = true
        do { try RepositoryPath.check(branch: name) } catch { isGood = false }
        #expect(isGood == (process.terminationStatus == 0), "\(name)")
    }

    @Test func commitsAndBodiesNameTheirJob() {
        let (job, person) = (UUID(), PullRequest.Person(name: "Bob", email: "b@example.org"))
        let message = CommitMessage(" Words\n\nmore \n", coAuthors: [person], job: job).text
        #expect(
            message
                == "Words\n\nmore\n\nCo-authored-by: Bob <b@example.org>\nSwitchyard-Job: \(job.uuidString.lowercased())"
        )
        #expect(CommitMessage.job(in: message) == job && CommitMessage.job(in: message + "\n") == job)
        #expect(CommitMessage.job(in: message + "\nmore") == nil && CommitMessage.job(in: "") == nil)
    }

    @Test func whatIsSoAlreadyIsNoEdit() {
        // As `git hash-object` has it.
        let old = KnownFile(mode: "100755", id: "ce013625030ba8dba906f756967f9e9ca394464a")
        func edit(_ text: String, _ mode: PullRequest.File.Mode?) -> FileEdit? {
            FileEdit(FileChange(path: "a", action: .write(Array(text.utf8), mode: mode)), old)
        }
        #expect(edit("hello\n", nil) == nil && edit("hello\n", .executable) == nil)
        #expect(edit("hello\n", .regular)?.changesContent == false)
        #expect(edit("other\n", nil)?.mode == "100755")
        #expect(FileEdit(FileChange(path: "a", action: .delete), nil) == nil)
        #expect(FileEdit(FileChange(path: "a", action: .delete), old)?.content == nil)
    }
}
