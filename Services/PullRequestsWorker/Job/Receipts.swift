import Foundation

/// What is done of a job: its checkpoint, saved after each step, from which an attempt or a retry goes on.
struct Receipts: Codable, Sendable {
    /// The job that the pull request was asked for by; a retry is another one.
    let origin: UUID
    let branch: String
    /// The commit that the branch has, or that it is to have next.
    var commit: OpenedPullRequest.Commit?
    /// The commit that it follows.
    var parent: String?
    /// Whether the branch has the commit, or needs none.
    var isPushed = false
    var pullRequest: Int?
    var action = OpenedPullRequest.Action.none
    /// Of the steps behind the pull request, those that are done.
    var done: Set<String> = []

    /// Knows the pull request; what was done to another one is not done to this one.
    mutating func known(_ number: Int) {
        if pullRequest != number { done = [] }
        pullRequest = number
    }

    /// Has the commit made anew, for a branch that is gone.
    mutating func forgetCommit() { (commit, parent, isPushed) = (nil, nil, false) }

    init(origin: UUID, branch: String) {
        (self.origin, self.branch) = (origin, branch)
    }
}
