import Foundation

/// A repository: bare on disk, with what stands beside git in memory.
final class Repository {
    let id: Int
    let owner: String
    let name: String
    let git: GitRepository
    let defaultBranch: String
    let created: Date
    var collaborators: Set<String>
    var protectedBranches: Set<String> = []
    var allowsAutoMerge = true
    /// Whether checks are still running, for which an automatic merge waits.
    var hasPendingChecks = true
    /// How many reviewers a merge request has at the most, at GitLab.
    var mostReviewers = 100
    /// How often a pull request is still to be read before it is known whether it can be merged.
    var looksBeforeMergeable = 0
    var labels: [Label] = []
    var pulls: [PullRequest] = []

    init(id: Int, owner: String, name: String, git: GitRepository, defaultBranch: String, created: Date) {
        self.id = id
        self.owner = owner
        self.name = name
        self.git = git
        self.defaultBranch = defaultBranch
        self.created = created
        collaborators = []
    }

    /// The number of the repository that a pull request comes from.
    func source(of pull: PullRequest) -> Int64 { Int64(pull.isFromFork ? id + 1_000_000 : id) }

    var fullName: String { "\(owner)/\(name)" }

    func index(of number: Int) -> Int? { pulls.firstIndex { $0.number == number } }

    func label(_ name: String) -> Label? { labels.first { $0.name.lowercased() == name.lowercased() } }

    /// The label with this name, made if need be.
    @discardableResult
    func ensureLabel(_ name: String, color: String = "ededed", description: String = "") -> Label {
        if let label = label(name) { return label }
        let label = Label(id: id * 1000 + labels.count + 1, name: name, color: color, description: description)
        labels.append(label)
        return label
    }

    /// Takes up where the heads of open pull requests stand now.
    func follow() throws(GitError) {
        for index in pulls.indices where pulls[index].state == .open && !pulls[index].isFromFork {
            if let head = try git.branch(pulls[index].head) { pulls[index].headID = head }
        }
    }

    /// Whether it is not known yet if a pull request can be merged; each look brings that nearer.
    func isChecking(_ pull: PullRequest) -> Bool {
        guard pull.state == .open, looksBeforeMergeable > 0 else { return false }
        looksBeforeMergeable -= 1
        return true
    }

    /// The open pull request from one branch to the other.
    func open(head: String, base: String?) -> PullRequest? {
        pulls.first {
            $0.state == .open && $0.head == head && !$0.isFromFork && (base == nil || $0.base == base)
        }
    }
}
