import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// A delivery whose signature is right.
struct HookDelivery: Sendable {
    /// What the provider calls the kind of event.
    let event: String
    /// The provider's name for it.
    let name: String
    /// The same when it is sent again: the name, or where that is not signed and the body is, the body's digest.
    let id: String
    let body: JSON
}

extension HookProvider {
    /// What the provider calls the kind of event.
    func event(_ headers: HTTPHeaders) -> String {
        switch self {
        case .github: headers["X-GitHub-Event"] ?? ""
        case .gitlab: headers["X-Gitlab-Event"] ?? ""
        case .gitea: headers["X-Forgejo-Event"] ?? headers["X-Gitea-Event"] ?? ""
        }
    }

    /// What a delivery tells of a pull request; nil where it is about something else.
    func news(in delivery: HookDelivery) -> ForgeNews? {
        switch self {
        case .github: GitHubHook(delivery: delivery).news
        case .gitlab: GitLabHook(delivery: delivery).news
        case .gitea: GiteaHook(delivery: delivery).news
        }
    }
}

/// What an event of a job says of a delivery, bounded whatever the provider sends.
struct HookDetails: Sendable {
    private static let longest = 1000

    /// How a check has ended, in words that are the same for all providers where they mean the same.
    var conclusion: String?
    /// Which check.
    var name: String?
    var url: String?
    /// What was checked, or the commit that the base has got.
    var commit: String?
    /// Who did it.
    var actor: String?

    func members(_ repository: RepositoryName, delivery: String) -> JSONObject {
        var members: JSONObject = [
            "provider": .string(repository.provider), "repository": .string(repository.name),
            "delivery": Self.text(delivery),
        ]
        let others = [
            ("conclusion", conclusion), ("name", name), ("url", url), ("commit", commit), ("actor", actor),
        ]
        for case (let key, let text?) in others { members[key] = Self.text(text) }
        return members
    }

    private static func text(_ text: String) -> JSON { .string(String(text.prefix(longest))) }
}

extension ForgeNews {
    /// - Parameter delivery: the provider's name for it; a long one is kept by its digest.
    init?(
        _ action: Action, _ repository: RepositoryName?, _ delivery: HookDelivery, numbers: [Int],
        commit: String? = nil, marker: UUID? = nil, _ details: HookDetails
    ) {
        guard let repository, !numbers.isEmpty || commit != nil else { return nil }
        let id = delivery.id.utf8.count <= 200 ? delivery.id : Hex.encode(sha256(delivery.id))
        self.init(
            action, in: repository, delivery: id, numbers: numbers, commit: commit, marker: marker,
            details: details.members(repository, delivery: delivery.name))
    }
}
