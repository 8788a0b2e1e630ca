import Foundation

/// A pull request, which GitLab calls a merge request.
public struct PullRequest: Sendable {
    /// What has become of it.
    public enum State: String, Sendable {
        /// It waits.
        case open
        /// It was given up.
        case closed
        /// Its commits are in the base.
        case merged
    }

    /// The number within its repository, from 1.
    public let number: Int
    /// What has become of it.
    public internal(set) var state = State.open
    /// The first line.
    public internal(set) var title: String
    /// The description.
    public internal(set) var body: String
    /// The branch with the changes.
    public let head: String
    /// Whether that is a branch of a fork.
    public internal(set) var isFromFork = false
    /// The branch that shall get them.
    public internal(set) var base: String
    /// The head's last known commit.
    public internal(set) var headID: String
    /// Whether it is not to be merged yet; a flag at GitHub, a prefix of the title elsewhere.
    public internal(set) var isDraft = false
    /// Names of its labels, in the order in which they were put on.
    public internal(set) var labels: [String] = []
    /// Logins of those who are asked to review it.
    public internal(set) var reviewers: [String] = []
    /// Logins of those who are to work on it.
    public internal(set) var assignees: [String] = []
    /// How it is merged once it may be: `merge`, `squash` or `rebase`; nil when a person shall do it.
    public internal(set) var autoMerge: String?
    /// Who opened it.
    public let author: ForgeUser
    /// The commit by which it was merged.
    public internal(set) var mergeCommit: String?
    /// Who merged it.
    public internal(set) var mergedBy: ForgeUser?
    /// Whether those who keep the base may push to the head.
    var maintainersMayPush = false
    var removesSource = false
    var squashes = false
    let created: Date
    var updated: Date
    var closed: Date?
}

/// A label of a repository.
struct Label {
    let id: Int
    var name: String
    var color: String
    var description: String
}
