import Config
import Crypto
import HTTPServer

/// A git provider that tells of pull requests.
enum HookProvider: String, Sendable, CaseIterable {
    case github, gitlab, gitea

    /// The setting of what the gateway and the provider share.
    var setting: String { "SWITCHYARD_HOOK_SECRET_" + rawValue.uppercased() }

    /// As people write it.
    var title: String {
        switch self {
        case .github: "GitHub"
        case .gitlab: "GitLab"
        case .gitea: "Gitea or Forgejo"
        }
    }

    /// The headers of which one has the signature, or at GitLab the secret itself.
    var signatureHeaders: [String] {
        switch self {
        case .github: ["X-Hub-Signature-256"]
        case .gitlab: ["X-Gitlab-Token"]
        case .gitea: ["X-Forgejo-Signature", "X-Gitea-Signature"]
        }
    }

    /// Whether the signature is one of the body; at GitLab it is only the secret.
    var signsBodies: Bool { self != .gitlab }

    /// The headers of which the first that is there names the delivery, and names it the same when it is sent again.
    ///
    /// GitLab's `X-Gitlab-Event-UUID` stands last: where one event leads to others, they share it.
    var deliveryHeaders: [String] {
        switch self {
        case .github: ["X-GitHub-Delivery"]
        case .gitlab: ["Idempotency-Key", "X-Gitlab-Webhook-UUID", "X-Gitlab-Event-UUID"]
        case .gitea: ["X-Forgejo-Delivery", "X-Gitea-Delivery"]
        }
    }
}

/// What the gateway shares with the providers: `SWITCHYARD_HOOK_SECRET_GITHUB`, `…_GITLAB` and `…_GITEA`, each with several between commas while
/// one takes the place of another.
struct HookSecrets: Sendable {
    private static let shortest = 16

    private let secrets: [HookProvider: [[UInt8]]]

    init(_ environment: Environment) throws(ConfigError) {
        var secrets: [HookProvider: [[UInt8]]] = [:]
        for provider in HookProvider.allCases where environment.contains(provider.setting) {
            let texts = try environment.secret(provider.setting).split(separator: ",")
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            guard !texts.isEmpty, texts.allSatisfy({ $0.utf8.count >= Self.shortest }) else {
                throw ConfigError(
                    name: provider.setting, found: .hidden,
                    wanted: "secrets of at least \(Self.shortest) characters, separated by commas")
            }
            secrets[provider] = texts.map { Array($0.utf8) }
        }
        self.secrets = secrets
    }

    /// What a delivery has in the place of a key.
    ///
    /// - Throws: `Problem` where the provider has no secret here, or the delivery no signature.
    func proof(in headers: HTTPHeaders, of provider: HookProvider) throws(Problem) -> HookProof {
        guard let known = secrets[provider] else {
            throw Problem(
                .notFound, "No deliveries of \(provider.title) are taken: the gateway has no \(provider.setting).")
        }
        guard let text = provider.signatureHeaders.lazy.compactMap({ headers[$0] }).first else {
            throw .unsigned(provider)
        }
        switch provider {
        case .gitlab:
            // The secret itself: a stranger's body is not even read.
            guard Self.matches(Array(text.utf8), anyOf: known) else { throw .unsigned(provider) }
            return HookProof(provider: provider, secrets: known, signature: nil)
        case .github, .gitea:
            let digits = provider == .github ? text.wholeMatch(of: /sha256=(.+)/).map { String($0.1) } : text
            guard let signature = digits.flatMap(Hex.decode) else { throw .unsigned(provider) }
            return HookProof(provider: provider, secrets: known, signature: signature)
        }
    }

    fileprivate static func matches(_ given: [UInt8], anyOf expected: [[UInt8]]) -> Bool {
        expected.reduce(false) { constantTimeEquals(given, $1) || $0 }
    }
}

/// A delivery's signature, still to be held to its body.
struct HookProof: Sendable {
    fileprivate let provider: HookProvider
    fileprivate let secrets: [[UInt8]]
    /// Nil where the header was enough.
    fileprivate let signature: [UInt8]?

    /// - Throws: `Problem` for a body that nobody with one of the secrets has signed.
    func check(_ body: [UInt8]) throws(Problem) {
        guard let signature else { return }
        let expected = secrets.map { hmacSHA256(key: $0, message: body) }
        guard HookSecrets.matches(signature, anyOf: expected) else { throw .unsigned(provider) }
    }
}

extension Problem {
    fileprivate static func unsigned(_ provider: HookProvider) -> Problem {
        Problem(
            .badDelivery,
            "\(provider.signatureHeaders.joined(separator: " or ")) is not what the secret of \(provider.setting) makes.",
            headers: [("WWW-Authenticate", "Signature")])
    }
}
