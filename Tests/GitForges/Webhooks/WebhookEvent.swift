/// Something about a pull request that a provider tells whoever listens.
public enum WebhookEvent: Sendable, Hashable {
    /// It was opened.
    case opened
    /// It was closed without being merged.
    case closed
    /// It was merged.
    case merged
    /// It was opened again.
    case reopened
    /// Its head has got commits.
    case pushed
    /// A check of its head has ended: a check run at GitHub, a pipeline at GitLab, a commit status at Gitea.
    case check(succeeded: Bool)
    /// All checks of its head have ended: a check suite at GitHub, a pipeline at GitLab, a commit status at Gitea.
    case suite(succeeded: Bool)
    /// Somebody has set a commit status on its head; at GitLab that is a pipeline as well.
    case status(succeeded: Bool)

    /// How a check ended; nil for what is no check.
    var hasSucceeded: Bool? {
        switch self {
        case .check(let succeeded), .suite(let succeeded), .status(let succeeded): succeeded
        default: nil
        }
    }
}

/// A request that a provider makes to whoever listens: POST it as it is.
public struct WebhookDelivery: Sendable {
    /// The header fields, with the signature or the token.
    public var headers: [(name: String, value: String)]
    /// The body, which the signature covers.
    public var body: [UInt8]
}
