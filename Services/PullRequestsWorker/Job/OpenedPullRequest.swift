/// What comes out of a job.
struct OpenedPullRequest: Codable, Sendable {
    enum Action: String, Codable { case created, updated, reused, none }

    struct Commit: Codable, Sendable {
        let sha: String
        let url: String?
    }

    struct Request: Codable, Sendable {
        let number: Int
        let url: String
        let state: String
        let draft: Bool
    }

    /// What was done; `none` where the repository has the files already.
    let action: Action
    let provider: String
    let repository: String
    let base: String
    let branch: String?
    /// Nil where none was needed.
    let commit: Commit?
    let pullRequest: Request?

    enum CodingKeys: String, CodingKey {
        case action, provider, repository, base, branch, commit
        case pullRequest = "pull_request"
    }
}
