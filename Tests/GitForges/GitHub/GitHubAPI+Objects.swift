import Foundation
import JSON

/// Blobs, trees and commits.
extension GitHubAPI {
    private static let person = Kind.object(
        ["name": .filled, "email": .filled, "date": .text], required: ["name", "email"])
    private static let modes = ["100644", "100755", "040000", "160000", "120000"]

    static let objectRoutes: [Route<GitHubAPI>] = [
        Route(
            "POST", "repos/:owner/:repo/git/blobs",
            body: BodyRule(["content": .text, "encoding": .one(of: ["utf-8", "base64"])], required: ["content"]),
            makeBlob),
        Route("GET", "repos/:owner/:repo/git/blobs/:id", readBlob),
        Route("HEAD", "repos/:owner/:repo/git/blobs/:id", readBlob),
        Route(
            "POST", "repos/:owner/:repo/git/trees",
            body: BodyRule(
                [
                    "base_tree": .text,
                    "tree": .list(
                        .object(
                            [
                                "path": .filled, "mode": .one(of: modes), "type": .one(of: ["blob", "tree", "commit"]),
                                "sha": .optional(.text), "content": .text,
                            ], required: ["path", "mode"])),
                ], required: ["tree"]), makeTree),
        Route("GET", "repos/:owner/:repo/git/trees/*id", query: ["recursive"], readTree),
        Route(
            "POST", "repos/:owner/:repo/git/commits",
            body: BodyRule(
                [
                    "message": .text, "tree": .text, "parents": .texts, "author": person, "committer": person,
                    "signature": .text,
                ], required: ["message", "tree"]), makeCommit),
        Route("GET", "repos/:owner/:repo/git/commits/:id", readCommit),
    ]

    private func makeBlob(_ call: Call) throws -> Answer {
        let repository = try nonempty(writable(call))
        let content = call.text("content") ?? ""
        var bytes = Array(content.utf8)
        if call.text("encoding") == "base64" {
            guard let data = Data(base64Encoded: content, options: .ignoreUnknownCharacters) else {
                throw unprocessable("Unable to decode base64 content", violation: true)
            }
            bytes = Array(data)
        }
        let id = try repository.git.write(blob: bytes)
        return Answer(
            201, ["url": "\(address(of: repository, call))/git/blobs/\(id)", "sha": .string(id)])
    }

    private func readBlob(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let id = call["id"]
        guard try repository.git.kind(of: id) == "blob" else { throw notFound }
        let bytes = try repository.git.read(blob: id)
        return Answer(
            200,
            [
                "sha": .string(id), "node_id": "B_\(id)", "size": .int(Int64(bytes.count)),
                "url": "\(address(of: repository, call))/git/blobs/\(id)", "content": .string(bytes.base64Lines),
                "encoding": "base64",
            ])
    }

    // MARK: Trees

    private func makeTree(_ call: Call) throws -> Answer {
        let repository = try nonempty(writable(call))
        let base = call.text("base_tree")
        if let base, !["tree", "commit"].contains(try repository.git.kind(of: base)) {
            throw unprocessable("base_tree is not a valid tree oid", violation: true)
        }
        let entries = call.body["tree"]?.arrayValue ?? []
        guard !entries.isEmpty else { throw unprocessable("Invalid tree info", violation: true) }
        let edits = try entries.map { try edit($0, base: base, repository) }
        let id = try repository.git.write(tree: base, edits)
        return Answer(201, try tree(id, recursive: false, repository, call))
    }

    private func edit(_ entry: JSON, base: String?, _ repository: Repository) throws -> GitEdit {
        let path = entry["path"]?.stringValue ?? ""
        let mode = entry["mode"]?.stringValue ?? ""
        guard path.isTreePath else {
            throw unprocessable("tree.path contains a malformed path component", violation: true)
        }
        let kind = ["040000": "tree", "160000": "commit"][mode] ?? "blob"
        guard entry["type"]?.stringValue ?? kind == kind else {
            throw unprocessable("tree.type does not match tree.mode \(mode)", violation: true)
        }
        switch (entry["sha"], entry["content"]?.stringValue) {
        case (.string(let id)?, nil):
            guard try kind == "commit" || repository.git.kind(of: id) == kind else {
                throw unprocessable("tree.sha \(id) is not a valid \(kind)", violation: true)
            }
            return kind == "tree" ? .graft(path: path, id: id) : .put(path: path, mode: mode, id: id)
        case (.null?, nil):
            guard let base, try repository.git.entry(path, of: base) != nil else {
                throw unprocessable("GitRPC::BadObjectState")
            }
            return .remove(path: path)
        case (nil, let text?):
            guard kind == "blob" else { throw unprocessable("Invalid tree info", violation: true) }
            return .put(path: path, mode: mode, id: try repository.git.write(blob: Array(text.utf8)))
        default:
            throw unprocessable(
                "Must supply either tree.sha or tree.content. Request will be rejected if both are present.",
                violation: true)
        }
    }

    private func readTree(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        var id = call["id"]
        if try repository.git.kind(of: id) != "tree" {
            guard let commit = try repository.git.commit(named: id) else { throw notFound }
            id = try repository.git.read(commit: commit).tree
        }
        return Answer(200, try tree(id, recursive: call.query("recursive") != nil, repository, call))
    }

    private func tree(_ id: String, recursive: Bool, _ repository: Repository, _ call: Call) throws -> JSON {
        let base = "\(address(of: repository, call))/git"
        let entries = try repository.git.entries(of: id, recursive: recursive).map { entry -> JSON in
            var text: JSONObject = [
                "path": .string(entry.path), "mode": .string(entry.mode), "type": .string(entry.kind),
                "sha": .string(entry.id),
            ]
            if let size = entry.size { text["size"] = .int(Int64(size)) }
            if entry.kind != "commit" { text["url"] = "\(base)/\(entry.kind)s/\(entry.id)" }
            return .object(text)
        }
        return ["sha": .string(id), "url": "\(base)/trees/\(id)", "tree": .array(entries), "truncated": false]
    }

    // MARK: Commits

    private func makeCommit(_ call: Call) throws -> Answer {
        let repository = try nonempty(writable(call))
        let tree = call.text("tree") ?? ""
        let parents = call.texts("parents") ?? []
        guard try repository.git.kind(of: tree) == "tree" else {
            throw unprocessable("Tree SHA does not exist", violation: true)
        }
        for parent in parents where try repository.git.kind(of: parent) != "commit" {
            throw unprocessable("Parent SHA does not exist or is not a commit object", violation: true)
        }
        let author = try signature("author", call) ?? call.user.signature
        let id = try repository.git.write(
            commitOf: tree, parents: parents, message: call.text("message") ?? "", author: author,
            committer: try signature("committer", call) ?? author, now: state.now)
        return Answer(201, gitCommit(try repository.git.read(commit: id), repository, call))
    }

    private func signature(_ field: String, _ call: Call) throws -> Signature? {
        guard let person = call.body[field] else { return nil }
        let text = person["date"]?.stringValue
        let date = text.flatMap { Date(rfc3339: $0) }
        guard (text == nil) == (date == nil) else {
            throw unprocessable("\(field).date is no ISO 8601 time", violation: true)
        }
        return Signature(
            name: person["name"]?.stringValue ?? "", email: person["email"]?.stringValue ?? "", date: date)
    }

    private func readCommit(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        guard try repository.git.kind(of: call["id"]) == "commit" else { throw notFound }
        return Answer(200, gitCommit(try repository.git.read(commit: call["id"]), repository, call))
    }
}

extension String {
    /// Whether git takes it as a path in a tree.
    var isTreePath: Bool {
        !isEmpty
            && split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.lowercased() != ".git"
            }
    }
}

extension [UInt8] {
    /// Base64 in lines of 60 characters, as GitHub writes it.
    var base64Lines: String {
        let text = Array(Data(self).base64EncodedString().utf8)
        return stride(from: 0, to: text.count, by: 60).map {
            String(decoding: text[$0..<Swift.min($0 + 60, text.count)], as: UTF8.self) + "\n"
        }.joined()
    }
}
