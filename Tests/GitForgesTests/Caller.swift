import Foundation
import GitForges
import HTTPClient
import JSON
import LocalServers
import Testing

/// A client of a forge, as bare as curl: it sends what a test says with the headers that the provider wants.
struct Caller {
    let forge: GitForge
    let token: String
    private let client = WebClient(addresses: AddressPolicy(hosts: ["127.0.0.1"]))

    /// What came back.
    struct Reply {
        let status: Int
        let head: WebHead
        let body: JSON
        let text: String

        subscript(name: String) -> JSON? { body[name] }
        /// The `message` of an error.
        var message: String { body["message"]?.stringValue ?? "" }
    }

    /// The path below the provider's base URL; `headers` replace the usual ones, an empty value leaves one out.
    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, headers: [String: String] = [:],
        limit: Duration = .seconds(30)
    ) async throws -> Reply {
        var fields = usual(body != nil)
        for (name, value) in headers { fields[name] = value }
        // An empty field makes curl leave out one that it would add by itself.
        let request = WebRequest(
            method, try WebURL(forge.url + path),
            headers: fields.filter { !$0.value.isEmpty || $0.key == "User-Agent" }.map { ($0.key, $0.value) },
            body: body?.serialized(), limits: WebLimits(total: limit, body: 8 << 20))
        let response = try await client.send(request)
        let isJSON = response.head["Content-Type"]?.hasPrefix("application/json") == true
        return Reply(
            status: response.status, head: response.head,
            body: isJSON && !response.body.isEmpty ? try JSON.parse(response.body) : .null,
            text: String(decoding: response.body, as: UTF8.self))
    }

    private func usual(_ hasBody: Bool) -> [String: String] {
        var fields = ["User-Agent": "switchyard-tests"]
        if hasBody { fields["Content-Type"] = "application/json" }
        switch forge.provider {
        case .github:
            fields["Accept"] = "application/vnd.github+json"
            fields["X-GitHub-Api-Version"] = "2022-11-28"
            fields["Authorization"] = "Bearer \(token)"
        case .gitlab: fields["PRIVATE-TOKEN"] = token
        case .gitea: fields["Authorization"] = "token \(token)"
        }
        return fields
    }
}

/// What a repository holds, by git itself.
func git(_ folder: String, _ arguments: String...) async throws -> String {
    let outcome = try await ChildProcess.run(
        ChildProcess.Launch("/usr/bin/git", ["--git-dir", folder] + arguments, environment: ["LC_ALL": "C.UTF-8"]),
        limit: .seconds(30))
    try #require(outcome.status == 0, "git \(arguments): \(outcome.errors)")
    return outcome.output.trimmingCharacters(in: .newlines)
}

/// Runs a test against a forge with the repository `acme/site`, whose members are robot, who calls, and maria.
///
/// - Parameter violations: whether the test makes some; otherwise there must be none in the end.
func withForge(
    _ provider: ForgeProvider, violations: Bool = false, _ work: (Caller, _ folder: String) async throws -> Void
) async throws {
    let forge = try GitForge(provider)
    try await forge.addRepository(
        "acme/site",
        files: [ForgeFile("README.md", "# A repository\n"), ForgeFile("run", "#!/bin/sh\n", mode: "100755")],
        collaborators: ["robot", "maria"])
    let token = await forge.addToken(for: "robot")
    do {
        try await work(Caller(forge: forge, token: token), forge.folder("acme/site"))
    } catch {
        try await forge.stop()
        throw error
    }
    let found = await forge.violations
    #expect(found.isEmpty != violations, "\(found)")
    try await forge.stop()
}
