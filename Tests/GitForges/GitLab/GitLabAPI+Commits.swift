import Foundation
import JSON

/// Commits that are made of actions on files.
extension GitLabAPI {
    static let commitRule = BodyRule(
        [
            "branch": .filled, "commit_message": .filled, "start_branch": .text, "start_sha": .text, "force": .flag,
            "author_name": .text, "author_email": .text, "stats": .flag,
            "actions": .list(
                .object(
                    [
                        "action": .one(of: ["create", "delete", "move", "update", "chmod"]), "file_path": .filled,
                        "previous_path": .text, "content": .text, "encoding": .one(of: ["text", "base64"]),
                        "last_commit_id": .text, "execute_filemode": .flag,
                    ], required: ["action", "file_path"])),
        ], required: ["branch", "commit_message", "actions"])

    func makeCommit(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let branch = call.text("branch") ?? ""
        guard !repository.protectedBranches.contains(branch) else {
            throw Refusal(refusal(403, "403 Forbidden - You are not allowed to push into this branch"))
        }
        let (parent, old) = try start(of: branch, call, repository)
        // GitLab holds `last_commit_id` to the branch that is named, and where none is, as with `start_sha`, to the default one.
        let seen = call.text("start_sha") == nil ? parent : try repository.git.branch(repository.defaultBranch)
        var overlay = Overlay(git: repository.git, parent: parent, seen: seen)
        for action in call.body["actions"]?.arrayValue ?? [] { try apply(action, to: &overlay) }
        let tree = try repository.git.write(tree: parent, overlay.edits)
        let author = Signature(
            name: call.text("author_name") ?? call.user.login, email: call.text("author_email") ?? call.user.email)
        let id = try repository.git.write(
            commitOf: tree, parents: parent.map { [$0] } ?? [], message: call.text("commit_message") ?? "",
            author: author, committer: call.user.signature, now: state.now)
        try repository.git.move("refs/heads/\(branch)", from: old, to: id)
        return Answer(201, text(of: try repository.git.read(commit: id), repository, call))
    }

    /// The commit to build upon and where the branch stands, by the rules of GitLab's own service.
    private func start(
        of branch: String, _ call: Call, _ repository: Repository
    ) throws -> (parent: String?, old: String?) {
        let git = repository.git
        guard try git.isValid(reference: "refs/heads/\(branch)") else {
            throw bad("Branch name is invalid", violation: true)
        }
        let old = try git.branch(branch)
        guard call.text("start_branch") == nil || call.text("start_sha") == nil else {
            throw Refusal(
                Answer(400, ["error": "start_branch, start_sha are mutually exclusive"]),
                violation: "both start_branch and start_sha")
        }
        if try git.references("refs/heads/").isEmpty { return (nil, nil) }
        var parent: String?
        if let id = call.text("start_sha") {
            guard try git.kind(of: id) == "commit" else { throw bad("Cannot find start_sha '\(id)'", violation: true) }
            parent = id
        } else {
            parent = try git.branch(call.text("start_branch") ?? branch)
        }
        guard let parent else { throw bad("You can only create or edit files when you are on a branch") }
        let isOther = call.text("start_sha") != nil || call.text("start_branch") ?? branch != branch
        guard !isOther || old == nil || call.flag("force") == true else {
            throw bad("A branch called '\(branch)' already exists. Switch to that branch in order to make changes")
        }
        return (parent, old)
    }

    private func apply(_ action: JSON, to overlay: inout Overlay) throws {
        let name = action["action"]?.stringValue ?? ""
        let path = action["file_path"]?.stringValue ?? ""
        guard path.isTreePath else { throw bad("file_path should be a valid file path", violation: true) }
        guard name == "chmod" || action["execute_filemode"] == nil else {
            throw bad("execute_filemode is only considered for the action chmod", violation: true)
        }
        let source = name == "move" ? action["previous_path"]?.stringValue ?? "" : path
        let found = try overlay.file(source)
        if name != "create", found == nil { throw bad("A file with this name doesn't exist") }
        if name == "create" || name == "move" && source != path, try overlay.file(path) != nil {
            throw bad("A file with this name already exists")
        }
        if let seen = action["last_commit_id"]?.stringValue, let place = overlay.seen,
            try overlay.git.lastCommit(of: source, at: place) != seen
        {
            throw bad("The file has changed since you started editing it: \(path)")
        }
        let blob = try content(of: action, in: overlay)
        switch name {
        case "create", "update":
            guard let blob else {
                throw Refusal(
                    Answer(400, ["error": "actions[content] is missing"]), violation: "\(name) has no content")
            }
            overlay.changes[path] = Overlay.File(mode: found?.mode ?? "100644", id: blob)
        case "move":
            overlay.changes[source] = .some(nil)
            overlay.changes[path] = found.map { Overlay.File(mode: $0.mode, id: blob ?? $0.id) }
        case "chmod":
            guard let isExecutable = action["execute_filemode"]?.boolValue else {
                throw Refusal(
                    Answer(400, ["error": "actions[execute_filemode] is missing"]),
                    violation: "chmod has no execute_filemode")
            }
            overlay.changes[path] = found.map { Overlay.File(mode: isExecutable ? "100755" : "100644", id: $0.id) }
        default: overlay.changes[path] = .some(nil)
        }
    }

    /// The blob of an action's content; nil when it has none.
    private func content(of action: JSON, in overlay: Overlay) throws -> String? {
        guard let text = action["content"]?.stringValue else { return nil }
        guard action["encoding"]?.stringValue == "base64" else {
            return try overlay.git.write(blob: Array(text.utf8))
        }
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
            throw bad("Invalid base64 content", violation: true)
        }
        return try overlay.git.write(blob: Array(data))
    }
}

/// Files as they are after the actions so far.
private struct Overlay {
    struct File {
        let mode: String
        let id: String
    }

    let git: GitRepository
    let parent: String?
    /// Where a file's newest commit is looked for.
    let seen: String?
    /// Nil as a value stands for a file that is gone.
    var changes: [String: File?] = [:]

    func file(_ path: String) throws -> File? {
        if let change = changes[path] { return change }
        guard let parent, let entry = try git.entry(path, of: parent), entry.kind == "blob" else { return nil }
        return File(mode: entry.mode, id: entry.id)
    }

    /// Removals first: a file may take the place of a folder.
    var edits: [GitEdit] {
        let removed = changes.filter { $0.value == nil }.keys.sorted().map { GitEdit.remove(path: $0) }
        let put = changes.compactMap { path, file in file.map { GitEdit.put(path: path, mode: $0.mode, id: $0.id) } }
        return removed + put
    }
}
