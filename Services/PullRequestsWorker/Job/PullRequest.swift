import Foundation
import JSON
import WorkerKit

/// The job type `pull_request`: what goes in.
struct PullRequest: Decodable, Sendable {
    enum Provider: String, Decodable, CaseIterable { case github, gitlab, gitea }

    /// What is done where the branch or its pull request is there already, made by an earlier job.
    enum ExistingAction: String, Decodable, CaseIterable { case update, reuse, fail }

    enum MergeMethod: String, Decodable, CaseIterable { case merge, squash, rebase }

    /// By what the provider lets in.
    struct Credentials: Decodable, Sendable {
        /// One that the operator has named.
        let name: String?
        let token: String?
        let app: App?
    }

    /// A GitHub App and its key.
    struct App: Decodable, Sendable {
        let id: Int
        /// PEM.
        let privateKey: String

        enum CodingKeys: String, CodingKey {
            case id
            case privateKey = "private_key"
        }
    }

    /// A file of the branch.
    struct File: Decodable, Sendable {
        enum Mode: String, Decodable, CaseIterable {
            case regular = "100644"
            case executable = "100755"
            case link = "120000"
        }

        let path: String
        /// As it is.
        let content: String?
        /// As base64.
        let base64: String?
        /// An upload or an artifact.
        let artifact: UUID?
        let delete: Bool
        let mode: Mode?
    }

    struct Person: Decodable, Sendable {
        let name: String
        let email: String
    }

    let provider: Provider
    /// The address of the provider's API; the public one's when nil.
    let baseURL: String?
    /// Owner and name; at GitLab with all groups.
    let repository: String
    let credentials: Credentials
    /// The repository's default branch when nil.
    let base: String?
    /// Made of the job's id when nil.
    let branch: String?
    let files: [File]
    let message: String?
    let title: String
    let body: String
    /// What the templates of texts can name.
    let values: JSONMembers
    let labels: [String]
    let reviewers: [String]
    let draft: Bool
    let autoMerge: MergeMethod?
    let onExisting: ExistingAction
    let reopen: Bool
    let author: Person?
    let coAuthors: [Person]

    enum CodingKeys: String, CodingKey {
        case provider, repository, credentials, base, branch, files, message, title, body, values, labels, reviewers,
            draft,
            reopen, author
        case baseURL = "base_url"
        case autoMerge = "auto_merge"
        case onExisting = "on_existing"
        case coAuthors = "co_authors"
    }
}
