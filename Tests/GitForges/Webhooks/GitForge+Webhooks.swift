import Crypto
import Foundation
import HTTPServer
import JSON

extension GitForge {
    /// The request that the provider would make now for an event of a pull request.
    ///
    /// The body shows the pull request as it is: merge or close it before the delivery of `merged` or `closed` is made.
    ///
    /// - Parameters:
    ///   - secret: what the receiver and the provider share.
    ///   - sender: the login of whoever did it.
    public func delivery(
        of event: WebhookEvent, pull number: Int, in fullName: String, secret: String, sender: String
    ) async throws -> WebhookDelivery {
        let provider = provider
        let origin = origin
        return try await with(fullName) { state, repository in
            try repository.follow()
            guard let index = repository.index(of: number) else {
                throw GitForgeError("\(fullName) has no pull request \(number)")
            }
            let scene = Scene(
                event: event, pull: repository.pulls[index], repository: repository, sender: state.addUser(sender),
                call: Call(origin: origin), id: UUIDv7.generate().text)
            switch provider {
            case .github: return try GitHubAPI(state: state).delivery(scene, secret: secret)
            case .gitlab: return try GitLabAPI(state: state).delivery(scene, secret: secret)
            case .gitea: return try GiteaAPI(state: state).delivery(scene, secret: secret)
            }
        }
    }
}

/// What a delivery is about.
struct Scene {
    let event: WebhookEvent
    let pull: PullRequest
    let repository: Repository
    let sender: ForgeUser
    /// Stands for a call, from which addresses are made.
    let call: Call
    /// The delivery's own.
    let id: String

    var head: GitCommit { get throws { try repository.git.read(commit: pull.headID) } }
}

extension Call {
    /// No real call: what is written beside one.
    fileprivate init(origin: String) {
        method = "POST"
        path = "/"
        segments = []
        query = []
        headers = HTTPHeaders()
        bytes = []
        self.origin = origin
    }
}

/// The signature of a body, as both GitHub and Gitea make it: HMAC-SHA-256 in hexadecimal digits.
func signature(of body: [UInt8], secret: String) -> String {
    Hex.encode(hmacSHA256(key: Array(secret.utf8), message: body))
}
