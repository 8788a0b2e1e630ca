import Foundation
import GitForges
import LocalServers
import Testing

/// Clients that others wrote: the server's model is not only ours.
@Suite struct ClientTests {
    @Test(arguments: ForgeProvider.allCases) func opensChangesAndMergesAPullRequest(
        _ provider: ForgeProvider
    ) async throws {
        try await withForge(provider) { caller, folder in
            try await python([provider.rawValue, caller.forge.url, caller.token, "acme/site"])
            // Gitea's API cannot make a file executable.
            let mode = provider == .gitea ? "100644" : "100755"
            #expect(
                try await git(folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", "main")
                    == "\(mode) bin/tool\n100644 docs/text.txt\n100755 run")
            #expect(try await git(folder, "cat-file", "blob", "main:docs/text.txt") == "made by a client")
            #expect(try await git(folder, "rev-parse", "main^2") == git(folder, "rev-parse", "switchyard/job-1"))
            let pull = try #require(try await caller.forge.pulls("acme/site").first)
            #expect(pull.state == .merged)
            #expect(pull.title == "A better title")
            #expect(pull.labels == ["automated"])
            #expect(pull.reviewers == ["maria"])
        }
    }
}

/// Runs the script beside the server with the Python that has the clients.
func python(_ arguments: [String]) async throws {
    let program = try #require(
        ProcessInfo.processInfo.environment["SWITCHYARD_FORGES_PYTHON"], "compose/test installs it and says where it is"
    )
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../GitForges/clients.py")
    let outcome = try await ChildProcess.run(
        ChildProcess.Launch(program, [script.path] + arguments, environment: ["LC_ALL": "C.UTF-8"]),
        limit: .seconds(120))
    #expect(outcome.status == 0, "\(outcome.errors)")
}
