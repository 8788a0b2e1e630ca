import Foundation

/// Whose API the server plays.
public enum ForgeProvider: String, Sendable, CaseIterable {
    /// GitHub's REST API, versions 2022-11-28 and 2026-03-10, on its own host or as an Enterprise Server.
    case github
    /// GitLab's REST API, version 4.
    case gitlab
    /// The API of Gitea and Forgejo, version 1.
    case gitea
}

/// Somebody with an account.
public struct ForgeUser: Sendable, Hashable {
    /// The account's number.
    public let id: Int
    /// The account's name.
    public let login: String

    /// The address that commits of theirs bear.
    public var email: String { "\(login)@example.org" }
    /// Who a commit says they are.
    public var signature: Signature { Signature(name: login, email: email) }
}

/// Who may call, and what they may do.
struct Token {
    let text: String
    let user: ForgeUser
    let scopes: Set<String>
    /// Nil for one that does not end.
    var expires: Date?
    /// Full names of the only repositories that it opens; nil for all.
    var repositories: Set<String>?
}

/// A GitHub App that is installed for every repository.
struct ForgeApp {
    let id: Int
    let installation: Int
    /// PEM of the key with which its tokens are signed.
    let publicKey: String
    let user: ForgeUser
}
