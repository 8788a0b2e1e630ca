import WorkerKit

/// Names within a repository that git takes, and that lead nowhere else.
enum RepositoryPath {
    /// - Throws: `JobFailure` `invalid_path`.
    static func check(_ path: String) throws(JobFailure) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isGood = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.lowercased() != ".git"
        }
        guard isGood, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw JobFailure(
                code: "invalid_path",
                message:
                    "\"\(path)\" is no path in a repository: names between single slashes, none of them ., .. or .git.")
        }
    }

    /// - Throws: `JobFailure` `invalid_repository` for a name that leads to another one.
    static func check(repository name: String, of provider: PullRequest.Provider) throws(JobFailure) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), provider == .gitlab || parts.count == 2
        else {
            throw JobFailure(
                code: "invalid_repository",
                message:
                    "\"\(name)\" is no repository: owner and name, at GitLab with all groups, none of them . or ...")
        }
    }

    /// A branch name by git-check-ref-format(1).
    ///
    /// - Throws: `JobFailure` `invalid_branch`.
    static func check(branch: String) throws(JobFailure) {
        let parts = branch.split(separator: "/", omittingEmptySubsequences: false)
        let isGood = parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }
        let hasForbidden = branch.unicodeScalars.contains {
            $0.value <= 0x20 || $0.value == 0x7F || "~^:?*[\\".unicodeScalars.contains($0)
        }
        guard isGood, !hasForbidden, !branch.contains(".."), !branch.contains("@{"), !branch.hasPrefix("-"),
            !branch.hasSuffix("."), branch != "@"
        else {
            throw JobFailure(code: "invalid_branch", message: "\"\(branch)\" is no name that git takes for a branch.")
        }
    }
}
