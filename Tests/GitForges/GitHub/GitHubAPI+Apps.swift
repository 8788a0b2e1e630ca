import Crypto
import Foundation
import JSON

/// GitHub Apps: an assertion signed by the App's key gives a token for one hour.
extension GitHubAPI {
    static let appRoutes: [Route<GitHubAPI>] = [
        Route("GET", "repos/:owner/:repo/installation", readInstallation),
        Route(
            "POST", "app/installations/:installation/access_tokens",
            body: BodyRule([
                "repositories": .texts, "repository_ids": .numbers,
                "permissions": .object([
                    "contents": .one(of: ["read", "write"]), "pull_requests": .one(of: ["read", "write"]),
                    "issues": .one(of: ["read", "write"]), "metadata": .one(of: ["read"]),
                    "workflows": .one(of: ["write"]),
                ]),
            ]), makeToken),
        Route(
            "POST", "graphql",
            body: BodyRule(
                ["query": .text, "variables": .any, "operationName": .optional(.text)], required: ["query"]),
            graphQL),
    ]

    /// Whether a path is called with an App's own assertion instead of a token.
    static func isForApps(_ path: ArraySlice<String>) -> Bool {
        path.first == "app" || path.count == 4 && path.first == "repos" && path.last == "installation"
    }

    /// Who signed an assertion (RFC 7519, RS256); times are checked as GitHub's guide states them.
    func checkAssertion(_ text: String) throws -> ForgeUser {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let head = Self.json(parts[0]), let claims = Self.json(parts[1]),
            let signature = Base64URL.decode(parts[2]), head["alg"] == "RS256"
        else { throw assertion("A JSON web token could not be decoded") }
        let now = state.now.timeIntervalSince1970
        guard let issued = claims["iat"]?.doubleValue, issued <= now + 60 else {
            throw assertion(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
        }
        guard let end = claims["exp"]?.doubleValue, end > now else {
            throw assertion(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
                    + "assertion expires")
        }
        guard end <= now + 660 else { throw assertion("'Expiration time' claim ('exp') is too far in the future") }
        let issuer = claims["iss"]?.stringValue ?? claims["iss"]?.intValue.map { "\($0)" }
        guard let app = state.apps.first(where: { "\($0.id)" == issuer }) else {
            throw assertion("Integration not found")
        }
        guard try isSigned("\(parts[0]).\(parts[1])", signature, by: app) else {
            throw assertion("A JSON web token could not be decoded")
        }
        return app.user
    }

    private func assertion(_ message: String) -> Refusal { Refusal(refusal(401, message), violation: message) }

    private static func json(_ part: String) -> JSON? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        // What is no JSON is no assertion, whatever the fault in it.
        do { return try JSON.parse(bytes) } catch { return nil }
    }

    /// By OpenSSL's own program, which takes the signature from a file.
    private func isSigned(_ text: String, _ signature: [UInt8], by app: ForgeApp) throws -> Bool {
        let key = "\(state.folder)/app-\(app.id).pem"
        let file = "\(state.folder)/signature"
        try Data(app.publicKey.utf8).write(to: URL(fileURLWithPath: key))
        try Data(signature).write(to: URL(fileURLWithPath: file))
        let outcome = try Program.run(
            ["openssl", "dgst", "-sha256", "-verify", key, "-signature", file], input: Array(text.utf8))
        return outcome.status == 0
    }

    private func app(_ call: Call) throws -> ForgeApp {
        guard let app = state.apps.first(where: { $0.user == call.user }) else { throw notFound }
        return app
    }

    private func readInstallation(_ call: Call) throws -> Answer {
        let app = try app(call)
        guard let repository = state.repository("\(call["owner"])/\(call["repo"])") else { throw notFound }
        let base = "\(root(call))/app/installations/\(app.installation)"
        let owner = state.user(repository.owner) ?? ForgeUser(id: 0, login: repository.owner)
        return Answer(
            200,
            [
                "id": .int(Int64(app.installation)), "account": text(of: owner, call), "repository_selection": "all",
                "access_tokens_url": "\(base)/access_tokens",
                "repositories_url": "\(root(call))/installation/repositories",
                "html_url": "\(call.origin)/settings/installations/\(app.installation)", "app_id": .int(Int64(app.id)),
                "app_slug": "app-\(app.id)", "client_id": "Iv1.\(app.id)", "target_id": .int(Int64(owner.id)),
                "target_type": "User", "permissions": Self.permissions, "events": ["pull_request", "check_run"],
                "created_at": .string(repository.created.stamp), "updated_at": .string(repository.created.stamp),
                "single_file_name": .null, "suspended_by": .null, "suspended_at": .null,
            ])
    }

    private static let permissions: JSON = [
        "contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read",
    ]

    private func makeToken(_ call: Call) throws -> Answer {
        let app = try app(call)
        guard Int(call["installation"]) == app.installation else { throw notFound }
        var chosen: Set<String>?
        if let names = call.texts("repositories") {
            let found = names.compactMap { name in state.repositories.first { $0.name == name }?.fullName }
            guard found.count == names.count else {
                throw unprocessable(
                    "There is at least one repository that does not exist or is not accessible to the parent "
                        + "installation.")
            }
            chosen = Set(found)
        } else if let ids = call.body["repository_ids"]?.arrayValue?.compactMap(\.intValue) {
            chosen = Set(state.repositories.filter { ids.contains($0.id) }.map(\.fullName))
        }
        let expires = state.now.addingTimeInterval(3600)
        let token = state.addToken(
            "ghs_", user: app.user, scopes: ["repo"], expires: expires, repositories: chosen)
        return Answer(
            201,
            [
                "token": .string(token.text), "expires_at": .string(expires.stamp),
                "permissions": call.body["permissions"] ?? Self.permissions,
                "repository_selection": chosen == nil ? "all" : "selected",
            ])
    }
}
