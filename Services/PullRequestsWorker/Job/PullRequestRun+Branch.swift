import Jobs
import WorkerKit

/// The branch and its commit.
extension PullRequestRun {
    /// Gives the branch its commit; answers whether there is a branch to merge.
    mutating func commit(beyond base: String) async throws -> Bool {
        let head = try await forge.head(of: receipts.branch)
        if receipts.isPushed {
            // It may be gone again by now, with its pull request merged; otherwise it is needed, and made anew.
            if head != nil { return true }
            if try await pullRequests(into: base).contains(where: { isOwn($0) && $0.state == .merged }) { return true }
            receipts.forgetCommit()
        }
        guard let start = try await forge.head(of: base) else {
            throw JobFailure(
                code: "unknown_base", message: "\(input.repository) has no branch \(base), or no commit yet.")
        }
        guard let head else { return try await commit(on: start, base: base, isNew: true, hasCommits: false) }
        if head == receipts.commit?.sha { return try await pushed() }
        let commits = try await forge.commits(of: receipts.branch, beyond: base)
        let known = try await pullRequests()
        try requireOwnBranch(commits, known)
        if let own = commits.last(where: { CommitMessage.job(in: $0.message) == receipts.origin }) {
            receipts.commit = OpenedPullRequest.Commit(sha: own.sha, url: nil)
            return try await pushed()
        }
        let isMerged = isMerged(commits, known.filter { belongs($0, to: base) })
        switch input.onExisting {
        case .fail:
            throw JobFailure(code: "branch_exists", message: "There is a branch \(receipts.branch) already.")
        case .reuse: return !commits.isEmpty && !isMerged
        case .update: break
        }
        if isMerged, try await !needsCommit(head, start, isPartOfBase: commits.isEmpty) { return false }
        return try await commit(on: head, base: base, isNew: false, hasCommits: !commits.isEmpty)
    }

    /// All commits of the branch are ours. One without any of its own is so only where we have opened a pull request from it: it may be anybody's, such as
    /// one that is behind its base.
    private func requireOwnBranch(_ commits: [ForgeCommit], _ known: [ForgePullRequest]) throws(JobFailure) {
        let isOwn =
            commits.isEmpty
            ? known.contains { BodyMarker.job(in: $0.body) != nil }
            : commits.allSatisfy { CommitMessage.job(in: $0.message) != nil }
        guard isOwn else {
            throw JobFailure(
                code: "branch_not_ours",
                message: "The branch \(receipts.branch) has commits of others, or is none of ours; name another one.")
        }
    }

    /// Whether the branch has had its time: its newest pull request is merged, and nothing has come since that was not part of it.
    private func isMerged(_ commits: [ForgeCommit], _ known: [ForgePullRequest]) -> Bool {
        guard let newest = known.first, newest.state == .merged, !known.contains(where: { $0.state == .open }) else {
            return false
        }
        return commits.isEmpty || commits.contains { $0.sha == newest.head }
    }

    /// Whether a branch that was merged and left there needs another commit.
    ///
    /// - Throws: `JobFailure` `branch_merged` where a commit on it would conflict with its base, or not lead to the files that are asked for: its commits came
    ///   to the base as others, or the base has changed since.
    private func needsCommit(_ head: String, _ start: String, isPartOfBase: Bool) async throws -> Bool {
        let atBase = try await files(at: start)
        guard changes.contains(where: { FileEdit($0, atBase[$0.path]) != nil }) else { return false }
        let atHead = try await files(at: head)
        let isSame = changes.allSatisfy { KnownFile.isSame(atBase[$0.path], atHead[$0.path]) }
        guard isPartOfBase, isSame else {
            throw JobFailure(
                code: "branch_merged",
                message:
                    "The branch \(receipts.branch) was merged and cannot be built upon: delete it, as the provider can do at each merge, or name another one."
            )
        }
        return true
    }

    /// Makes the commit, unless the files are as they are to be.
    ///
    /// - Parameter hasCommits: whether the branch is to be merged without it, too.
    private mutating func commit(
        on parent: String, base: String, isNew: Bool, hasCommits: Bool
    ) async throws -> Bool {
        if receipts.commit == nil || receipts.parent != parent {
            let known = try await files(at: parent)
            let edits = changes.compactMap { FileEdit($0, known[$0.path]) }
            guard !edits.isEmpty else { return hasCommits }
            let message = CommitMessage(text.message, coAuthors: input.coAuthors, job: receipts.origin)
            let made = try await forge.commit(
                CommitDraft(
                    edits: edits, parent: parent, branch: receipts.branch, isNewBranch: isNew, base: base,
                    message: message.text, author: input.author))
            receipts.commit = OpenedPullRequest.Commit(sha: made.sha, url: made.url)
            receipts.parent = parent
            if made.isPushed { return try await pushed() }
            try await context.save(checkpoint: receipts)
        }
        guard let commit = receipts.commit else { return false }
        try await forge.push(commit.sha, to: receipts.branch, isNew: isNew)
        return try await pushed()
    }

    /// The files that are to change, as they are at a commit.
    private func files(at commit: String) async throws -> KnownFiles {
        try await forge.files(changes.map(\.path), at: commit)
    }

    private mutating func pushed() async throws -> Bool {
        receipts.isPushed = true
        try await context.save(checkpoint: receipts)
        return true
    }
}
