import Foundation
import JSON

/// Files, read and changed.
///
/// The API has no word for a file's mode: what is created is a plain file (100644), an update keeps the executable bit, and a symbolic link
/// cannot be made or updated. A tool that must be executable cannot be put there by this API.
extension GiteaAPI {
    private static let person = Kind.object(["name": .text, "email": .text])
    private static let common: [String: Kind] = [
        "branch": .text, "new_branch": .text, "message": .text, "author": person, "committer": person,
        "dates": .object(["author": .text, "committer": .text]), "signoff": .flag,
    ]

    static let contentRoutes: [Route<GiteaAPI>] = [
        Route("GET", "repos/:owner/:repo/contents/*path", query: ["ref"], readContents),
        Route(
            "POST", "repos/:owner/:repo/contents",
            body: BodyRule(
                common.merging([
                    "files": .list(
                        .object(
                            [
                                "operation": .one(of: ["create", "update", "delete"]), "path": .filled,
                                "content": .text, "sha": .text, "from_path": .text,
                            ], required: ["operation", "path"]))
                ]) { $1 }, required: ["files"]), changeFiles),
        Route(
            "POST", "repos/:owner/:repo/contents/*path",
            body: BodyRule(common.merging(["content": .text]) { $1 }, required: ["content"]), createFile),
        Route(
            "PUT", "repos/:owner/:repo/contents/*path",
            body: BodyRule(
                common.merging(["content": .text, "sha": .text, "from_path": .text]) { $1 },
                required: ["content", "sha"]), updateFile),
        Route(
            "DELETE", "repos/:owner/:repo/contents/*path",
            body: BodyRule(common.merging(["sha": .text]) { $1 }, required: ["sha"]), deleteFile),
    ]

    private func readContents(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let ref = call.query("ref") ?? repository.defaultBranch
        guard let id = try repository.git.commit(named: ref) else { throw missing(call) }
        let path = call["path"]
        let found = path.isEmpty ? nil : try repository.git.entry(path, of: id)
        if path.isEmpty || found?.kind == "tree" {
            let prefix = path.isEmpty ? "" : "\(path)/"
            let entries = try repository.git.entries(of: path.isEmpty ? id : "\(id):\(path)")
            return Answer(
                200,
                .array(
                    try entries.map { try content($0, prefix + $0.path, id, ref, repository, call, isWhole: false) }))
        }
        guard let found else { throw missing(call) }
        return Answer(200, try content(found, path, id, ref, repository, call, isWhole: true))
    }

    private func changeFiles(_ call: Call) throws -> Answer {
        let result = try change(call, call.body["files"]?.arrayValue ?? [])
        return Answer(
            201, ["files": .array(result.files), "commit": result.commit, "verification": Self.unsigned])
    }

    private func createFile(_ call: Call) throws -> Answer { try changeOne(call, "create", status: 201) }

    private func updateFile(_ call: Call) throws -> Answer { try changeOne(call, "update", status: 200) }

    private func deleteFile(_ call: Call) throws -> Answer { try changeOne(call, "delete", status: 200) }

    private func changeOne(_ call: Call, _ operation: String, status: Int) throws -> Answer {
        var file: JSONObject = ["operation": .string(operation), "path": .string(call["path"])]
        for name in ["content", "sha", "from_path"] { file[name] = call.body[name] }
        let result = try change(call, [.object(file)])
        return Answer(
            status,
            ["content": result.files.first ?? .null, "commit": result.commit, "verification": Self.unsigned])
    }

    // MARK: Changing

    private func change(_ call: Call, _ files: [JSON]) throws -> (files: [JSON], commit: JSON) {
        let repository = try writable(call)
        let git = repository.git
        let old = call.text("branch") ?? repository.defaultBranch
        let new = call.text("new_branch") ?? old
        guard let parent = try git.branch(old) else {
            throw missing(call, "branch does not exist [repo_id: \(repository.id) name: \(old)]")
        }
        guard try new == old || git.branch(new) == nil else {
            throw unprocessable("branch already exists [name: \(new)]", call)
        }
        guard try git.isValid(reference: "refs/heads/\(new)") else {
            throw unprocessable("[NewBranch]: GitRefName", call, violation: true)
        }
        guard !repository.protectedBranches.contains(new) else {
            throw Refusal(refusal(403, "user cannot commit to repo [user: \(call.user.login)]", call))
        }
        guard !files.isEmpty else { throw unprocessable("[Files]: Required", call, violation: true) }
        let edits = try files.flatMap { try self.edits($0, at: parent, git, call) }
        let tree = try git.write(tree: parent, edits)
        let author = try signature("author", call)
        let committer = try signature("committer", call)
        let usual = call.user.signature
        let id = try git.write(
            commitOf: tree, parents: [parent], message: message(call, files), author: author ?? committer ?? usual,
            committer: committer ?? author ?? usual, now: state.now)
        try git.move("refs/heads/\(new)", from: new == old ? parent : nil, to: id)
        let texts = try files.map { file -> JSON in
            let path = file["path"]?.stringValue ?? ""
            guard let entry = try git.entry(path, of: id) else { return .null }
            return try content(entry, path, id, new, repository, call, isWhole: true)
        }
        return (texts, commitText(try git.read(commit: id), repository, call))
    }

    private func edits(_ file: JSON, at parent: String, _ git: GitRepository, _ call: Call) throws -> [GitEdit] {
        let operation = file["operation"]?.stringValue ?? ""
        let path = file["path"]?.stringValue ?? ""
        let source = file["from_path"]?.stringValue ?? path
        guard path.isTreePath, source.isTreePath else {
            throw unprocessable("path contains a malformed path component [path: \(path)]", call, violation: true)
        }
        let found = try git.entry(source, of: parent)
        if operation != "create" {
            guard let found else { throw missing(call, "object does not exist [id: , rel_path: \(source)]") }
            guard let seen = file["sha"]?.stringValue, !seen.isEmpty else {
                throw unprocessable(
                    "a SHA or commit ID must be proved when updating a file", call, violation: true)
            }
            guard seen == found.id else {
                throw unprocessable("sha does not match [given: \(seen), expected: \(found.id)]", call)
            }
        }
        if operation == "delete" { return [.remove(path: path)] }
        if operation == "create" || source != path, let entry = try git.entry(path, of: parent) {
            throw entry.kind == "tree"
                ? unprocessable("a directory exists where you’re trying to create a file [path: \(path)]", call)
                : unprocessable("repository file already exists [path: \(path)]", call)
        }
        guard found?.mode != "120000" else {
            throw unprocessable(
                "a symbolic link exists where you’re trying to create a subdirectory [path: \(path)]", call)
        }
        guard let data = Data(base64Encoded: file["content"]?.stringValue ?? "") else {
            throw unprocessable("illegal base64 data at input byte 0", call, violation: true)
        }
        let mode = operation == "update" && found?.mode == "100755" ? "100755" : "100644"
        let put = GitEdit.put(path: path, mode: mode, id: try git.write(blob: Array(data)))
        return source == path ? [put] : [.remove(path: source), put]
    }

    private func message(_ call: Call, _ files: [JSON]) -> String {
        var message = call.text("message") ?? ""
        if message.isEmpty {
            message = files.compactMap { file in
                file["path"]?.stringValue.map { "\(file["operation"]?.stringValue ?? "") \($0)" }
            }.joined(separator: "\n")
        }
        guard call.flag("signoff") == true else { return message }
        return message + "\n\nSigned-off-by: \(call.user.login) <\(call.user.email)>\n"
    }

    private func signature(_ field: String, _ call: Call) throws -> Signature? {
        let date = call.body["dates"]?[field]?.stringValue
        if let date, Date(rfc3339: date) == nil {
            throw unprocessable("dates.\(field) is no RFC 3339 time", call, violation: true)
        }
        guard let person = call.body[field] else { return nil }
        return Signature(
            name: person["name"]?.stringValue ?? call.user.login,
            email: person["email"]?.stringValue ?? call.user.email, date: date.flatMap { Date(rfc3339: $0) })
    }
}
