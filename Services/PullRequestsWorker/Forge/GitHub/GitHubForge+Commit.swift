import Foundation
import JSON

extension GitHubForge {
    /// Texts up to so many bytes together go with the tree itself, which saves a request for each; the others are blobs.
    private static let mostInTree = 2 << 20
    private static let mostOfAFile = 200_000

    func files(_ paths: [String], at commit: String) async throws(ForgeError) -> [String: KnownFile] {
        let root = try await client.get("\(path)/git/commits/\(commit)").text("tree", "sha")
        let whole = try await client.get("\(path)/git/trees/\(root)", [("recursive", "1")]).json
        var found = TreeFiles()
        if whole["truncated"]?.boolValue == true {
            // A tree of over 100,000 entries.
            try await found.walk(from: root, to: paths) { (tree) async throws(ForgeError) in
                try await client.get("\(path)/git/trees/\(tree)").json["tree"]?.arrayValue ?? []
            }
        } else {
            found.add(whole["tree"]?.arrayValue ?? [], below: "")
        }
        return found.files
    }

    func commit(_ draft: CommitDraft) async throws(ForgeError) -> MadeCommit {
        let base = try await client.get("\(path)/git/commits/\(draft.parent)").text("tree", "sha")
        var entries: [JSON] = []
        var room = Self.mostInTree
        for edit in draft.edits {
            var entry: JSONObject = ["path": .string(edit.path), "mode": .string(edit.mode), "type": "blob"]
            if let bytes = edit.content {
                if bytes.count <= min(room, Self.mostOfAFile), let text = String(validating: bytes, as: UTF8.self) {
                    room -= bytes.count
                    entry["content"] = .string(text)
                } else {
                    entry["sha"] = .string(try await blob(bytes))
                }
            } else {
                entry["sha"] = .null
            }
            entries.append(.object(entry))
        }
        let tree = try await client.write(
            "POST", "\(path)/git/trees", ["base_tree": .string(base), "tree": .array(entries)]
        ).text("sha")
        var body: JSONObject = [
            "message": .string(draft.message), "tree": .string(tree), "parents": [.string(draft.parent)],
        ]
        // Without an author GitHub names the owner of the token, and signs what an App makes.
        if let author = draft.author {
            body["author"] = ["name": .string(author.name), "email": .string(author.email)]
        }
        let commit = try await client.write("POST", "\(path)/git/commits", .object(body))
        return MadeCommit(sha: try commit.text("sha"), url: commit.json["html_url"]?.stringValue, isPushed: false)
    }

    private func blob(_ bytes: [UInt8]) async throws(ForgeError) -> String {
        try await client.write(
            "POST", "\(path)/git/blobs",
            ["content": .string(Data(bytes).base64EncodedString()), "encoding": "base64"]
        ).text("sha")
    }
}
