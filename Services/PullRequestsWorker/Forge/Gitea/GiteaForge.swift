import Foundation
import HTTPClient
import JSON

/// Gitea and Forgejo by their API of version 1 (Gitea 1.22 or newer: several files in one commit, and the comparison of branches).
///
/// A commit with all its files, and a new branch for it, are one request. The API has no word for a file's mode: what is new is a plain file, and what is
/// there keeps its mode.
struct GiteaForge: Forge {
    private static let treePage = 1000

    let client: ForgeClient
    let path: String

    /// - Parameter name: owner and name.
    init(_ name: String, base: WebURL, token: String, _ connection: ForgeConnection) {
        path = "/repos/" + WebURL.encoded(name, keeping: "/")
        client = ForgeClient(
            provider: "Gitea", base: base,
            headers: [
                ("Authorization", "token \(token)"), ("Accept", "application/json"), ("User-Agent", "switchyard"),
            ], connection: connection, explain: { $0["message"]?.stringValue }, pageSize: "limit")
    }

    func repository() async throws(ForgeError) -> ForgeRepository {
        let answer = try await client.get(path)
        return ForgeRepository(
            defaultBranch: try answer.text("default_branch"),
            canPush: answer.json["permissions"]?["push"]?.boolValue ?? true,
            isArchived: answer.json["archived"]?.boolValue ?? false)
    }

    func head(of branch: String) async throws(ForgeError) -> String? {
        let name = WebURL.encoded(branch, keeping: "/")
        return try await client.find("\(path)/branches/\(name)")?.text("commit", "id")
    }

    func commits(of branch: String, beyond base: String) async throws(ForgeError) -> [ForgeCommit] {
        let names = [base, branch].map { WebURL.encoded($0, keeping: "/") }
        let answer = try await client.get("\(path)/compare/\(names[0])...\(names[1])")
        return (answer.json["commits"]?.arrayValue ?? []).compactMap { entry in
            entry["sha"]?.stringValue.map {
                ForgeCommit(sha: $0, message: entry["commit"]?["message"]?.stringValue ?? "")
            }
        }
    }

    func files(_ paths: [String], at commit: String) async throws(ForgeError) -> KnownFiles {
        var found = TreeFiles()
        try await found.walk(from: commit, to: paths) { (tree) async throws(ForgeError) in
            var entries: [JSON] = []
            for page in 1... {
                let answer = try await client.get(
                    "\(path)/git/trees/\(tree)", [("page", String(page)), ("per_page", String(Self.treePage))]
                ).json
                let more = answer["tree"]?.arrayValue ?? []
                entries += more
                guard answer["truncated"]?.boolValue == true, !more.isEmpty else { break }
            }
            return entries
        }
        return found.files
    }

    func commit(_ draft: CommitDraft) async throws(ForgeError) -> MadeCommit {
        var body: JSONObject = [
            "message": .string(draft.message), "branch": .string(draft.isNewBranch ? draft.base : draft.branch),
            "files": .array(try draft.edits.map(Self.operation)),
        ]
        if draft.isNewBranch { body["new_branch"] = .string(draft.branch) }
        if let author = draft.author {
            body["author"] = ["name": .string(author.name), "email": .string(author.email)]
        }
        let answer = try await client.write("POST", "\(path)/contents", .object(body))
        return MadeCommit(
            sha: try answer.text("commit", "sha"), url: answer.json["commit"]?["html_url"]?.stringValue, isPushed: true)
    }

    private static func operation(_ edit: FileEdit) throws(ForgeError) -> JSON {
        guard edit.mode == edit.old?.mode ?? "100644", !edit.writesLink else {
            throw .unknownMode(edit.path, "Gitea", "modes of files")
        }
        var operation: JSONObject = ["path": .string(edit.path)]
        if let content = edit.content { operation["content"] = .string(Data(content).base64EncodedString()) }
        operation["operation"] = edit.content == nil ? "delete" : edit.old == nil ? "create" : "update"
        if let old = edit.old { operation["sha"] = .string(old.id) }
        return .object(operation)
    }

    /// The branch has its commits from the beginning.
    func push(_ commit: String, to branch: String, isNew: Bool) async throws(ForgeError) {}
}
