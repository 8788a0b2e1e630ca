import HTTPClient
import WorkerKit

extension PullRequest.Provider {
    /// Where the provider's API is, written in one way however it was given: by that its tokens and repositories are known.
    ///
    /// - Parameter text: the public address when nil.
    /// - Throws: `JobFailure` `invalid_address`.
    func address(_ text: String?) throws(JobFailure) -> WebURL {
        let usual: String? =
            switch self {
            case .github: GitHubForge.publicURL
            case .gitlab: GitLabForge.publicURL
            case .gitea: nil
            }
        guard let text = text ?? usual else {
            throw JobFailure(
                code: "invalid_address",
                message: "A Gitea has no public address: say `base_url`, such as https://git.example.com/api/v1.")
        }
        do throws(WebError) {
            let url = try WebURL(text)
            let parts = url.path.split(separator: "/")
            return try WebURL(parts.reduce(url.origin) { $0 + "/" + $1 })
        } catch {
            throw JobFailure(code: "invalid_address", message: "base_url cannot be used: \(error.message).")
        }
    }
}
