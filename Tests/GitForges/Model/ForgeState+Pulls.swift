import Foundation

/// What becomes of pull requests, whoever asks for it.
extension ForgeState {
    /// Opens one; the caller has looked that it may be.
    func open(
        _ repository: Repository, head: String, headID: String, base: String, title: String, body: String,
        author: ForgeUser
    ) -> Int {
        let number = repository.pulls.count + 1
        repository.pulls.append(
            PullRequest(
                number: number, title: title, body: body, head: head, base: base, headID: headID, author: author,
                created: now, updated: now))
        return repository.pulls.count - 1
    }

    func setOpen(_ repository: Repository, _ index: Int, _ isOpen: Bool) {
        guard repository.pulls[index].state != .merged else { return }
        repository.pulls[index].state = isOpen ? .open : .closed
        repository.pulls[index].closed = isOpen ? nil : now
        repository.pulls[index].updated = now
    }

    /// Merges an open one; nil when its branches conflict.
    func merge(
        _ repository: Repository, _ index: Int, message: String?, squash: Bool = false, by user: ForgeUser
    ) throws(GitError) -> String? {
        try repository.follow()
        let pull = repository.pulls[index]
        guard let base = try repository.git.branch(pull.base),
            let tree = try repository.git.mergedTree(base, pull.headID)
        else { return nil }
        let commit = try repository.git.write(
            commitOf: tree, parents: squash ? [base] : [base, pull.headID],
            message: message ?? "Merge pull request #\(pull.number) from \(pull.head)", author: user.signature,
            committer: user.signature, now: now)
        try repository.git.move("refs/heads/\(pull.base)", from: base, to: commit)
        repository.pulls[index].state = .merged
        repository.pulls[index].mergeCommit = commit
        repository.pulls[index].mergedBy = user
        repository.pulls[index].closed = now
        repository.pulls[index].updated = now
        return commit
    }

    /// Deletes a branch; with `closing` the open pull requests from it end, as at GitHub and Gitea.
    func delete(_ repository: Repository, branch: String, closing: Bool) throws(GitError) {
        try repository.follow()
        guard let head = try repository.git.branch(branch) else { return }
        try repository.git.move("refs/heads/\(branch)", from: head, to: nil)
        guard closing else { return }
        for index in repository.pulls.indices
        where repository.pulls[index].head == branch && repository.pulls[index].state == .open {
            setOpen(repository, index, false)
        }
    }

    /// Commits files on a branch, which is made from the default one if need be.
    func push(
        _ repository: Repository, branch: String, files: [ForgeFile], message: String, author: Signature
    ) throws(GitError) -> String {
        let git = repository.git
        let old = try git.branch(branch)
        let parent = if let old { old } else { try git.branch(repository.defaultBranch) }
        var edits: [GitEdit] = []
        for file in files {
            guard let content = file.content else {
                edits.append(.remove(path: file.path))
                continue
            }
            edits.append(.put(path: file.path, mode: file.mode, id: try git.write(blob: content)))
        }
        let tree = try git.write(tree: parent, edits)
        let commit = try git.write(
            commitOf: tree, parents: parent.map { [$0] } ?? [], message: message, author: author, committer: author,
            now: now)
        try git.move("refs/heads/\(branch)", from: old, to: commit)
        return commit
    }
}

/// A file that somebody pushes.
public struct ForgeFile: Sendable, Hashable {
    /// The path in the repository.
    public let path: String
    /// The bytes; nil deletes the file.
    public let content: [UInt8]?
    /// `100644`, `100755` or `120000`.
    public let mode: String

    /// Names a file and what is in it.
    public init(_ path: String, _ text: String?, mode: String = "100644") {
        self.path = path
        content = text.map { Array($0.utf8) }
        self.mode = mode
    }
}
