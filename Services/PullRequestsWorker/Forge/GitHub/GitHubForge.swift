import Foundation
import HTTPClient
import JSON

/// GitHub and GitHub Enterprise Server, by the REST API of version 2022-11-28; merging when ready by GraphQL, which alone has it.
///
/// A commit is made of blobs, a tree and the commit itself, none of which anybody sees, and becomes visible when the branch gets it.
struct GitHubForge: Forge {
    static let publicURL = "https://api.github.com"

    let client: ForgeClient
    /// Beside the REST API: of `https://host/api/v3` it is `https://host/api`.
    let graphQL: ForgeClient
    /// Owner and name.
    let name: String

    init(_ name: String, base: WebURL, token: String, _ connection: ForgeConnection) throws(WebError) {
        self.name = name
        let other = base.text.hasSuffix("/v3") ? try WebURL(String(base.text.dropLast(3))) : base
        (self.client, graphQL) = (client(base), client(other))
        func client(_ base: WebURL) -> ForgeClient {
            ForgeClient(
                provider: "GitHub", base: base, headers: Self.headers(token), connection: connection,
                explain: Self.explain)
        }
    }

    static func headers(_ token: String) -> [(name: String, value: String)] {
        [
            ("Authorization", "Bearer \(token)"), ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"), ("User-Agent", "switchyard"),
        ]
    }

    /// `{message, errors: [{message} or {resource, field, code}]}`.
    static func explain(_ body: JSON) -> String? {
        guard let message = body["message"]?.stringValue else { return nil }
        let details = (body["errors"]?.arrayValue ?? []).map { error in
            error.stringValue ?? error["message"]?.stringValue
                ?? ["resource", "field", "code"].compactMap { error[$0]?.stringValue }.joined(separator: " ")
        }
        return details.isEmpty ? message : "\(message) (\(details.joined(separator: "; ")))"
    }

    var path: String { "/repos/" + WebURL.encoded(name, keeping: "/") }

    func repository() async throws(ForgeError) -> ForgeRepository {
        let answer = try await client.get(path)
        return ForgeRepository(
            defaultBranch: try answer.text("default_branch"),
            // What GitHub says of permissions is a person's; an App has none there, and may push.
            canPush: true,
            isArchived: answer.json["archived"]?.boolValue ?? false)
    }

    func head(of branch: String) async throws(ForgeError) -> String? {
        let ref = WebURL.encoded(branch, keeping: "/")
        do throws(ForgeError) {
            return try await client.find("\(path)/git/ref/heads/\(ref)")?.text("object", "sha")
        } catch {
            // An empty repository has no references at all.
            guard error.kind == .conflict else { throw error }
            return nil
        }
    }

    func commits(of branch: String, beyond base: String) async throws(ForgeError) -> [ForgeCommit] {
        let range = "\(WebURL.encoded(base))...\(WebURL.encoded(branch))"
        return try await client.list("\(path)/compare/\(range)", most: 1000, member: "commits").compactMap { entry in
            guard let sha = entry["sha"]?.stringValue else { return nil }
            return ForgeCommit(sha: sha, message: entry["commit"]?["message"]?.stringValue ?? "")
        }
    }

    func push(_ commit: String, to branch: String, isNew: Bool) async throws(ForgeError) {
        if isNew {
            _ = try await client.write(
                "POST", "\(path)/git/refs", ["ref": .string("refs/heads/\(branch)"), "sha": .string(commit)])
        } else {
            let ref = WebURL.encoded(branch, keeping: "/")
            _ = try await client.write(
                "PATCH", "\(path)/git/refs/heads/\(ref)", ["sha": .string(commit), "force": false])
        }
    }
}
