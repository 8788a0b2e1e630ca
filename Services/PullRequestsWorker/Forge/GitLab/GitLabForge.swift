import Foundation
import HTTPClient
import JSON

/// GitLab, also self-hosted, by its REST API of version 4.
///
/// A commit, its actions on files, and a new branch for it are one request, which happens as a whole or not at all.
struct GitLabForge: Forge {
    static let publicURL = "https://gitlab.com/api/v4"
    /// Of who may push to branches.
    private static let developer = 30
    /// More than anybody has in a folder.
    private static let mostEntries = 10_000

    let client: ForgeClient
    let path: String

    /// - Parameter name: with all groups.
    init(_ name: String, base: WebURL, token: String, _ connection: ForgeConnection) {
        path = "/projects/" + WebURL.encoded(name)
        client = ForgeClient(
            provider: "GitLab", base: base,
            headers: [("PRIVATE-TOKEN", token), ("Accept", "application/json"), ("User-Agent", "switchyard")],
            connection: connection, explain: Self.explain)
    }

    /// `{message: text, list or object}` or `{error, error_description}`.
    private static func explain(_ body: JSON) -> String? {
        guard let said = body["message"] ?? body["error_description"] ?? body["error"] else { return nil }
        return said.stringValue ?? said.description
    }

    func repository() async throws(ForgeError) -> ForgeRepository {
        let answer = try await client.get(path)
        let levels = ["project_access", "group_access"].compactMap {
            answer.json["permissions"]?[$0]?["access_level"]?.intValue
        }
        return ForgeRepository(
            defaultBranch: try answer.text("default_branch"),
            // Administrators have none of both.
            canPush: levels.isEmpty || levels.contains { $0 >= Self.developer },
            isArchived: answer.json["archived"]?.boolValue ?? false)
    }

    func head(of branch: String) async throws(ForgeError) -> String? {
        try await client.find("\(path)/repository/branches/\(WebURL.encoded(branch))")?.text("commit", "id")
    }

    func commits(of branch: String, beyond base: String) async throws(ForgeError) -> [ForgeCommit] {
        let answer = try await client.get("\(path)/repository/compare", [("from", base), ("to", branch)])
        return (answer.json["commits"]?.arrayValue ?? []).compactMap { entry in
            entry["id"]?.stringValue.map { ForgeCommit(sha: $0, message: entry["message"]?.stringValue ?? "") }
        }
    }

    func files(_ paths: [String], at commit: String) async throws(ForgeError) -> KnownFiles {
        var found = KnownFiles()
        var plain: [String] = []
        for file in paths {
            let place = "\(path)/repository/files/\(WebURL.encoded(file))"
            guard let head = try await client.look(place, [("ref", commit)]) else { continue }
            // What is there is told of in the head; an answer without it is somebody else's.
            guard let id = head["X-Gitlab-Blob-Id"] else {
                throw ForgeError(.unclear, "provider_unavailable", "GitLab's answer tells nothing of \(file).")
            }
            let isExecutable = head["X-Gitlab-Execute-Filemode"] == "true"
            let mode: PullRequest.File.Mode = isExecutable ? .executable : .regular
            found[file] = KnownFile(mode: mode.rawValue, id: id, lastCommit: head["X-Gitlab-Last-Commit-Id"])
            if !isExecutable { plain.append(file) }
        }
        for link in try await links(among: plain, at: commit) {
            found[link]?.mode = PullRequest.File.Mode.link.rawValue
        }
        return found
    }

    /// Those of some files that are symbolic links: their folders tell, their heads do not.
    private func links(among files: [String], at commit: String) async throws(ForgeError) -> Set<String> {
        var links: Set<String> = []
        for folder in Set(files.map { $0.split(separator: "/").dropLast().joined(separator: "/") }) {
            let query = [("ref", commit)] + (folder.isEmpty ? [] : [("path", folder)])
            let entries = try await client.list("\(path)/repository/tree", query, most: Self.mostEntries)
            for entry in entries where entry["mode"]?.stringValue == PullRequest.File.Mode.link.rawValue {
                if let file = entry["path"]?.stringValue { links.insert(file) }
            }
        }
        return links.intersection(files)
    }

    func commit(_ draft: CommitDraft) async throws(ForgeError) -> MadeCommit {
        var actions: [JSON] = []
        for edit in draft.edits { actions += try Self.actions(edit) }
        var body: JSONObject = [
            "branch": .string(draft.branch), "commit_message": .string(draft.message), "actions": .array(actions),
        ]
        // With `start_sha` GitLab would hold `last_commit_id` to the default branch.
        if draft.isNewBranch { body["start_branch"] = .string(draft.base) }
        if let author = draft.author {
            body["author_name"] = .string(author.name)
            body["author_email"] = .string(author.email)
        }
        let commit = try await client.write("POST", "\(path)/repository/commits", .object(body))
        return MadeCommit(sha: try commit.text("id"), url: commit.json["web_url"]?.stringValue, isPushed: true)
    }

    private static func actions(_ edit: FileEdit) throws(ForgeError) -> [JSON] {
        guard !edit.writesLink else { throw .unknownMode(edit.path, "GitLab", "symbolic links") }
        var action: JSONObject = ["file_path": .string(edit.path)]
        // So that a file that somebody has changed meanwhile is not overwritten.
        if let last = edit.old?.lastCommit { action["last_commit_id"] = .string(last) }
        guard let content = edit.content else {
            action["action"] = "delete"
            return [.object(action)]
        }
        var actions: [JSON] = []
        if edit.changesContent {
            action["action"] = edit.old == nil ? "create" : "update"
            action["content"] = .string(Data(content).base64EncodedString())
            action["encoding"] = "base64"
            actions.append(.object(action))
        }
        if edit.mode != edit.old?.mode ?? "100644" {
            actions.append([
                "action": "chmod", "file_path": .string(edit.path), "execute_filemode": .bool(edit.mode == "100755"),
            ])
        }
        return actions
    }

    /// The branch has its commits from the beginning.
    func push(_ commit: String, to branch: String, isNew: Bool) async throws(ForgeError) {}
}
