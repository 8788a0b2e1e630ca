import Foundation
import GitForges
import JSON
import TestKit
import Testing

/// A stack with the worker, and a forge with a repository.
struct ForgeBench {
    let stack: Stack
    let forge: GitForge
    let name: String
    let token: String
    let worker: ServiceProcess

    /// A forge with a repository, beside others of the stack.
    init(_ stack: Stack, _ provider: ForgeProvider, worker: ServiceProcess) async throws {
        (self.stack, self.worker) = (stack, worker)
        forge = try GitForge(provider)
        name = provider == .gitlab ? "acme/tools/site" : "acme/site"
        try await forge.addRepository(
            name,
            files: [
                ForgeFile("README.md", "# A\n"), ForgeFile("old/gone.txt", "old\n"),
                ForgeFile("kept.sh", "echo\n", mode: "100755"),
            ], collaborators: ["robot", "rita"])
        token = await forge.addToken(for: "robot")
    }

    /// Starts one more worker.
    @discardableResult
    func startWorker(_ settings: [String: String]) async throws -> ServiceProcess {
        try await Self.startWorker(stack, settings)
    }

    static func startWorker(_ stack: Stack, _ settings: [String: String]) async throws -> ServiceProcess {
        let usual = ["SWITCHYARD_FETCH_ALLOW": "127.0.0.1", "SWITCHYARD_FORGE_WRITES_PER_MINUTE": "6000"]
        return try await stack.startWorker("PullRequestsWorker", usual.merging(settings) { $1 })
    }

    /// A spec with what every one needs.
    func spec(_ members: JSONObject) -> JSON {
        var spec: JSONObject = [
            "provider": .string("\(forge.provider)"), "base_url": .string(forge.url), "repository": .string(name),
            "credentials": ["token": .string(token)], "title": "Data", "files": [["path": "a", "content": "x"]],
        ]
        for (key, value) in members { spec[key] = value }
        return .object(spec)
    }

    func expectNoViolations(sourceLocation: SourceLocation = #_sourceLocation) async {
        let violations = await forge.violations
        #expect(violations.isEmpty, "\(violations)", sourceLocation: sourceLocation)
    }

    /// What git says of the repository, without the last line's end.
    func git(_ arguments: String...) async throws -> String {
        try output(of: "git", ["--git-dir", try await forge.folder(name)] + arguments)
    }
}

/// Runs a test with a stack and a forge.
func withForge(
    _ provider: ForgeProvider, settings: [String: String] = [:], _ name: String = #function,
    _ body: (ForgeBench) async throws -> Void
) async throws {
    try await withForges([provider], settings: settings, name, body)
}

/// Runs a test with the forge of each provider, one after the other, in one stack.
func withEachForge(_ name: String = #function, _ body: (ForgeBench) async throws -> Void) async throws {
    try await withForges(ForgeProvider.allCases, settings: [:], name, body)
}

private func withForges(
    _ providers: [ForgeProvider], settings: [String: String], _ name: String,
    _ body: (ForgeBench) async throws -> Void
) async throws {
    try await withStack(name) { stack in
        try await stack.startGateway()
        let worker = try await ForgeBench.startWorker(stack, settings)
        for provider in providers {
            let bench = try await ForgeBench(stack, provider, worker: worker)
            try await body(bench)
            try await bench.forge.stop()
        }
    }
}
