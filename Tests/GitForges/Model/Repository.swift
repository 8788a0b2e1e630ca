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
        for index in pulls.indices where pulls[index].state == .open {
            if let head = try git.branch(pulls[index].head) { pulls[index].headID = head }
        }
    }

    /// The open pull request from one branch to the other.
    func open(head: String, base: String?) -> PullRequest? {
        pulls.first { $0.state == .open && $0.head == head && (base == nil || $0.base == base) }
    }
}
