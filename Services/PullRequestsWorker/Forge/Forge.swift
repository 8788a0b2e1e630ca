/// What a provider of repositories and pull requests can do, one request or a few for each call.
///
/// Every call that changes something may be repeated after a look at what is there: none of them forces anything.
protocol Forge: Sendable {
    func repository() async throws(ForgeError) -> ForgeRepository
    /// The newest commit of a branch; nil when there is no such branch.
    func head(of branch: String) async throws(ForgeError) -> String?
    /// The commits that a branch has and its base has not, the oldest first.
    func commits(of branch: String, beyond base: String) async throws(ForgeError) -> [ForgeCommit]
    /// Those of some files that are there at a commit, by their paths.
    func files(_ paths: [String], at commit: String) async throws(ForgeError) -> KnownFiles
    /// Makes a commit, and gives it to its branch where the provider does both together.
    func commit(_ draft: CommitDraft) async throws(ForgeError) -> MadeCommit
    /// Gives a branch a commit that was made; the branch is new, or at the commit's parent.
    func push(_ commit: String, to branch: String, isNew: Bool) async throws(ForgeError)
    /// The pull requests from a branch of the repository, open and closed, the newest first.
    func pullRequests(from branch: String) async throws(ForgeError) -> [ForgePullRequest]
    /// A pull request as it is now; nil when there is none of that number.
    func pullRequest(_ number: Int) async throws(ForgeError) -> ForgePullRequest?
    func open(_ draft: PullRequestDraft, from branch: String, into base: String) async throws(ForgeError)
        -> ForgePullRequest
    /// Gives an open pull request another title and body, or opens one that was closed again.
    func update(
        _ request: ForgePullRequest, title: String, body: String, reopens: Bool
    ) async throws(ForgeError) -> ForgePullRequest
    func add(labels: [String], to number: Int) async throws(ForgeError)
    /// Asks for reviews; answers whom the provider has left out.
    func request(reviewers: [String], of request: ForgePullRequest) async throws(ForgeError) -> [String]
    /// Has a pull request merged as soon as its checks and reviews are there, which may be at once; with no other commits than it was looked at with.
    func mergeWhenReady(_ request: ForgePullRequest, by method: PullRequest.MergeMethod) async throws(ForgeError)
}

struct ForgeRepository: Sendable {
    let defaultBranch: String
    let canPush: Bool
    let isArchived: Bool
}

struct ForgeCommit: Sendable {
    let sha: String
    let message: String
}

/// A commit that is to be made.
struct CommitDraft: Sendable {
    let edits: [FileEdit]
    /// The commit that it follows: the head of its branch, or of the base for a new branch.
    let parent: String
    let branch: String
    let isNewBranch: Bool
    let base: String
    let message: String
    /// The owner of the credentials when nil.
    let author: PullRequest.Person?
}

/// A commit of ours.
struct MadeCommit: Sendable {
    let sha: String
    let url: String?
    /// Whether the branch has it already.
    let isPushed: Bool
}

struct ForgePullRequest: Sendable {
    enum State: String, Sendable { case open, closed, merged }

    let number: Int
    /// The provider's other name for it, where it has one.
    let nodeID: String?
    let url: String
    let state: State
    let isDraft: Bool
    let title: String
    let body: String
    let base: String
    /// The newest commit of its branch.
    let head: String?
    let labels: [String]
    let reviewers: [String]
    let mergesWhenReady: Bool
    /// Whether the provider still finds out if it can be merged, as far as it says so.
    let isBeingChecked: Bool
}

struct PullRequestDraft: Sendable {
    let title: String
    let body: String
    let isDraft: Bool
}
