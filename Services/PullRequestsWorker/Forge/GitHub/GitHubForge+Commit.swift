import Foundation
import JSON

extension GitHubForge {
    /// Texts up to so many bytes together go with the tree itself, which saves a request for each; the others are blobs.
    private static let mostInTree = 2 << 20
    private static let mostOfAFile = 200_000
    /// Behind so many each is looked for first: a hundred and more take longer than the provider's limits let an attempt go on, and the next one needs what
    /// this one has made.
    private static let fewBlobs = 20

    func files(_ paths: [String], at commit: String) async throws(ForgeError) -> KnownFiles {
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
        var blobs = 0
        for edit in draft.edits {
            var entry: JSONObject = ["path": .string(edit.path), "mode": .string(edit.mode), "type": "blob"]
            if let bytes = edit.content {
                if bytes.count <= min(room, Self.mostOfAFile), let text = String(validating: bytes, as: UTF8.self) {
                    room -= bytes.count
                    entry["content"] = .string(text)
                } else {
                    blobs += 1
                    entry["sha"] = .string(try await blob(bytes, like: draft.parent, mayBeThere: blobs > Self.fewBlobs))
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

    private func blob(
        _ bytes: [UInt8], like parent: String, mayBeThere: Bool
    ) async throws(ForgeError) -> String {
        let id = FileEdit.blobID(bytes, like: parent)
        if mayBeThere, try await client.look("\(path)/git/blobs/\(id)", []) != nil { return id }
        return try await client.write(
            "POST", "\(path)/git/blobs",
            ["content": .string(Data(bytes).base64EncodedString()), "encoding": "base64"]
        ).text("sha")
    }
}
