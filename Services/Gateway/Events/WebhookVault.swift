import Crypto
import Foundation

/// The signing secrets of webhooks: made here, shown once, and stored sealed.
///
/// They are sealed with the key of `SealingKey`. Where that is lost, deliveries fail with an error that says so, and each subscription needs
/// `POST /webhooks/{id}/rotate-secret` once there is a new one.
struct WebhookVault: Sendable {
    private let box: SecretBox

    private static let prefix = "whsec_"
    private static let secretLength = 32

    init(_ box: SecretBox) { self.box = box }

    /// A new secret, as its client gets it and as it is stored.
    func generate() -> (text: String, sealed: [UInt8]) {
        let secret = randomBytes(Self.secretLength)
        return (Self.prefix + Data(secret).base64EncodedString(), box.seal(secret))
    }

    /// The value of `webhook-signature`: a signature with each of the secrets; nil when the first, the current one, does not open.
    ///
    /// A former one that does not open was sealed with a key that is lost, which is why it was replaced.
    func signature(id: String, timestamp: Int, body: String, secrets: [[UInt8]]) -> String? {
        guard let current = secrets.first.flatMap(box.open) else { return nil }
        let former = secrets.dropFirst().compactMap(box.open)
        let message = Array("\(id).\(timestamp).\(body)".utf8)
        return ([current] + former).map { secret in
            "v1," + Data(hmacSHA256(key: secret, message: message)).base64EncodedString()
        }.joined(separator: " ")
    }
}
