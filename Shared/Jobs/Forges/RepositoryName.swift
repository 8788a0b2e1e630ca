import Foundation

/// A repository at a git provider, named so that whoever writes to it and whoever tells of it mean the same.
public struct RepositoryName: Sendable, Hashable {
    /// `github`, `gitlab` or `gitea`.
    public let provider: String
    /// Where the provider is: two installations may have repositories of the same name.
    public let host: String
    /// Owner and name in small letters, at GitLab with all groups.
    public let name: String

    /// Names a repository; nil for an address without a host.
    ///
    /// - Parameter address: any of the provider's, of its API or of its pages: they have the same host, but for GitHub's API, which is at `api.`.
    public init?(provider: String, address: String, name: String) {
        guard let parts = URLComponents(string: address), let host = parts.host?.lowercased(), !host.isEmpty else {
            return nil
        }
        let isAPI = provider == "github" && host.hasPrefix("api.")
        let port = parts.port.flatMap { [80, 443].contains($0) ? nil : ":\($0)" } ?? ""
        self.provider = provider
        self.host = (isAPI ? String(host.dropFirst("api.".count)) : host) + port
        self.name = name.lowercased()
    }
}
