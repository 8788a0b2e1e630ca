import GitForges
import JSON
import Testing

/// What GitHub does not take, and that it is kept as a violation.
@Suite struct GitHubStrictnessTests {
    private let site = "/repos/acme/site"

    private struct Case: CustomTestStringConvertible {
        let name: String
        let method: String
        let path: String
        var body: JSON?
        var headers: [String: String] = [:]
        let status: Int
        let message: String

        var testDescription: String { name }
    }

    private static let none = String(repeating: "a", count: 40)

    private static let cases: [Case] = [
        Case(
            name: "no User-Agent", method: "GET", path: "/repos/acme/site", headers: ["User-Agent": ""], status: 403,
            message: ""),
        Case(
            name: "another Accept", method: "GET", path: "/repos/acme/site", headers: ["Accept": "text/html"],
            status: 415, message: "Unsupported 'Accept' header"),
        Case(
            name: "no version", method: "GET", path: "/repos/acme/site", headers: ["X-GitHub-Api-Version": ""],
            status: 400, message: "Version \"\" is not"),
        Case(
            name: "no token", method: "GET", path: "/repos/acme/site", headers: ["Authorization": ""], status: 401,
            message: "Requires authentication"),
        Case(name: "unknown path", method: "GET", path: "/repos/acme/site/gits", status: 404, message: "Not Found"),
        Case(
            name: "unknown query", method: "GET", path: "/repos/acme/site/pulls?branch=x", status: 422,
            message: "Invalid request."),
        Case(
            name: "head without owner", method: "GET", path: "/repos/acme/site/pulls?head=x", status: 422,
            message: "Invalid request."),
        Case(
            name: "another media type", method: "POST", path: "/repos/acme/site/git/blobs", body: ["content": "x"],
            headers: ["Content-Type": "text/plain"], status: 415, message: "Unsupported Media Type"),
        Case(
            name: "a list as the body", method: "POST", path: "/repos/acme/site/git/blobs", body: ["content"],
            status: 400, message: "Problems parsing JSON"),
        Case(
            name: "unknown field", method: "POST", path: "/repos/acme/site/git/blobs",
            body: ["content": "x", "mode": "1"], status: 422,
            message: "Invalid request.\n\n\"mode\" is not a permitted key."),
        Case(
            name: "missing field", method: "POST", path: "/repos/acme/site/git/refs", body: ["ref": "refs/heads/x"],
            status: 422, message: "Invalid request.\n\n\"sha\" wasn't supplied."),
        Case(
            name: "wrong type", method: "PATCH", path: "/repos/acme/site/git/refs/heads/main",
            body: ["sha": .string(none), "force": "yes"], status: 422, message: "Invalid request."),
        Case(
            name: "a reference before its commit", method: "POST", path: "/repos/acme/site/git/refs",
            body: ["ref": "refs/heads/x", "sha": .string(none)], status: 422, message: "Object does not exist"),
        Case(
            name: "a short reference", method: "POST", path: "/repos/acme/site/git/refs",
            body: ["ref": "heads/x", "sha": .string(none)], status: 422, message: "heads/x is not a valid ref name."),
        Case(
            name: "a commit before its tree", method: "POST", path: "/repos/acme/site/git/commits",
            body: ["message": "x", "tree": .string(none), "parents": []], status: 422,
            message: "Tree SHA does not exist"),
        Case(
            name: "a tree before its blob", method: "POST", path: "/repos/acme/site/git/trees",
            body: ["tree": [["path": "x", "mode": "100644", "type": "blob", "sha": .string(none)]]], status: 422,
            message: "tree.sha \(none) is not a valid blob"),
        Case(
            name: "a path out of the tree", method: "POST", path: "/repos/acme/site/git/trees",
            body: ["tree": [["path": "../x", "mode": "100644", "type": "blob", "content": ""]]], status: 422,
            message: "tree.path contains a malformed path component"),
    ]

    @Test(arguments: cases) private func isRefusedAndKept(_ refused: Case) async throws {
        try await withForge(.github, violations: true) { caller, folder in
            let before = try await git(folder, "for-each-ref")
            let reply = try await caller.send(refused.method, refused.path, refused.body, headers: refused.headers)
            #expect(reply.status == refused.status)
            #expect(reply.message.hasPrefix(refused.message), "\(reply.text)")
            #expect(await caller.forge.violations.count == 1)
            #expect(try await git(folder, "for-each-ref") == before)
        }
    }

    @Test func whoMayNotIsNoViolation() async throws {
        try await withForge(.github) { caller, _ in
            let wrong = Caller(forge: caller.forge, token: "ghp_wrong")
            #expect(try await wrong.send("GET", site).message == "Bad credentials")
            let stranger = Caller(forge: caller.forge, token: await caller.forge.addToken(for: "eve"))
            #expect(try await stranger.send("POST", "\(site)/git/blobs", ["content": "x"]).status == 403)
            #expect(try await caller.send("GET", "/repos/acme/none").status == 404)
            try await caller.forge.addRepository("acme/empty", files: [], collaborators: ["robot"])
            #expect(try await caller.send("GET", "/repos/acme/empty/git/ref/heads/main").status == 409)
        }
    }
}
