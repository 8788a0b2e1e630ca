import Foundation

/// A bare repository on disk; everything that it does is done by `git` itself.
struct GitRepository {
    let git: Git

    /// Makes an empty repository in a folder that is not there yet.
    init(creating folder: String, defaultBranch: String) throws(GitError) {
        git = Git(folder: folder)
        try git.run(["init", "--quiet", "--bare", "--initial-branch", defaultBranch, folder])
    }

    // MARK: References

    /// What a full reference (`refs/heads/main`) points at; nil when it is not there.
    func reference(_ name: String) throws(GitError) -> String? {
        let outcome = try git.attempt(["show-ref", "--verify", "--hash", "--", name])
        return outcome.status == 0 ? outcome.line : nil
    }

    /// The head of a branch.
    func branch(_ name: String) throws(GitError) -> String? { try reference("refs/heads/\(name)") }

    /// All references that begin so, by name.
    func references(_ prefix: String) throws(GitError) -> [(name: String, id: String)] {
        let lines = try git.run(["for-each-ref", "--format=%(refname) %(objectname)"]).text.split(separator: "\n")
        return lines.compactMap { line in
            let parts = line.split(separator: " ")
            return parts.count == 2 && parts[0].hasPrefix(prefix) ? (String(parts[0]), String(parts[1])) : nil
        }
    }

    func isValid(reference name: String) throws(GitError) -> Bool {
        try git.attempt(["check-ref-format", name]).status == 0
    }

    /// Moves a reference from what it was; nil stands for no reference.
    func move(_ name: String, from old: String?, to new: String?) throws(GitError) {
        let none = String(repeating: "0", count: 40)
        if let new {
            try git.run(["update-ref", name, new, old ?? none])
        } else {
            try git.run(["update-ref", "-d", name, old ?? none])
        }
    }

    // MARK: Objects

    /// `commit`, `tree`, `blob` or `tag`; nil when no such object is there.
    func kind(of id: String) throws(GitError) -> String? {
        guard id.count == 40, id.allSatisfy(\.isHexDigit) else { return nil }
        let outcome = try git.attempt(["cat-file", "-t", id])
        return outcome.status == 0 ? outcome.line : nil
    }

    /// The commit that a branch, tag or id names.
    func commit(named name: String) throws(GitError) -> String? {
        let outcome = try git.attempt(["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"])
        return outcome.status == 0 ? outcome.line : nil
    }

    func write(blob bytes: [UInt8]) throws(GitError) -> String {
        try git.run(["hash-object", "-w", "--stdin"], input: bytes).line
    }

    func read(blob id: String) throws(GitError) -> [UInt8] { try git.run(["cat-file", "blob", id]).output }

    // MARK: History

    func isAncestor(_ old: String, of new: String) throws(GitError) -> Bool {
        try git.attempt(["merge-base", "--is-ancestor", old, new]).status == 0
    }

    func mergeBase(_ one: String, _ other: String) throws(GitError) -> String? {
        let outcome = try git.attempt(["merge-base", one, other])
        return outcome.status == 0 ? outcome.line : nil
    }

    /// The commits of `new` that `old` does not have, oldest first.
    func commits(from old: String, to new: String) throws(GitError) -> [String] {
        try git.run(["rev-list", "--reverse", "\(old)..\(new)"]).text.split(separator: "\n").map(String.init)
    }

    /// The last commit that changed a path.
    func lastCommit(of path: String, at commit: String) throws(GitError) -> String {
        try git.run(["log", "-1", "--format=%H", commit, "--", ":(literal)\(path)"]).line
    }

    /// The tree of both branches merged; nil when they conflict.
    func mergedTree(_ base: String, _ head: String) throws(GitError) -> String? {
        let outcome = try git.attempt(["merge-tree", "--write-tree", base, head])
        return outcome.status == 0 ? outcome.line : nil
    }
}
