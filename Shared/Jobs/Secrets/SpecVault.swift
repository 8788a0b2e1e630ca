import Crypto
import JSON

/// Seals and opens the secret fields of specs: the strings that a type's schema marks with `"x-secret": true`.
///
/// They are sealed before a row is written or a command is published, and opened by the worker that runs the job, right before its spec is
/// decoded. Nothing in between needs them: copies of a job (retries, reruns, helpers) stay sealed, and readers get `Redaction.mask`.
/// Types without secret fields pass through untouched, with a key and without one.
public struct SpecVault: Sendable {
    private let box: SecretBox?

    /// Makes a vault; without a box it takes no secrets.
    public init(_ box: SecretBox? = nil) { self.box = box }

    /// The spec with every secret sealed that is not yet.
    public func seal(_ spec: JSON, by schema: JSONSchema, namespace: String) throws(SpecVaultError) -> JSON {
        try schema.mapSecrets(in: spec) { text, pointer throws(SpecVaultError) in
            SealedText.isSealed(text) ? text : try seal(text, at: pointer, namespace)
        }
    }

    /// The spec with every sealed secret opened; what was never sealed, because its type had no secrets then, stays as it is.
    public func open(_ spec: JSON, by schema: JSONSchema, namespace: String) throws(SpecVaultError) -> JSON {
        try schema.mapSecrets(in: spec) { text, pointer throws(SpecVaultError) in
            guard SealedText.isSealed(text) else { return text }
            guard let box else { throw SpecVaultError(kind: .noKey, pointer: pointer) }
            guard let secret = SealedText.open(text, namespace: namespace, with: box) else {
                throw SpecVaultError(kind: .wrongKey, pointer: pointer)
            }
            return secret
        }
    }

    /// Seals also what is no valid spec: every string at and below the place of a secret. Nil when there is nothing to seal, or no key.
    func sealAll(_ spec: JSON, by schema: JSONSchema, namespace: String) -> JSON? {
        guard let box, schema.hasSecrets else { return nil }
        var didSeal = false
        let sealed = schema.mapSecrets(in: spec, reachesBelow: true) { text, _ in
            guard !SealedText.isSealed(text), text != Redaction.mask else { return text }
            didSeal = true
            return SealedText.seal(text, namespace: namespace, with: box)
        }
        return didSeal ? sealed : nil
    }

    /// Seals whatever the text is: what another job has answered may look sealed.
    func sealAnew(_ spec: JSON, by schema: JSONSchema, namespace: String) throws(SpecVaultError) -> JSON {
        try schema.mapSecrets(in: spec) { text, pointer throws(SpecVaultError) in
            try seal(text, at: pointer, namespace)
        }
    }

    private func seal(_ text: String, at pointer: String, _ namespace: String) throws(SpecVaultError) -> String {
        guard let box else { throw SpecVaultError(kind: .noKey, pointer: pointer) }
        return SealedText.seal(text, namespace: namespace, with: box)
    }
}

/// A secret cannot be sealed or opened.
public struct SpecVaultError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why not.
    public enum Kind: Sendable {
        case noKey, wrongKey
    }

    /// Why not.
    public let kind: Kind
    /// Where, as a JSON pointer into the spec.
    public let pointer: String

    /// What is wrong and what to do, for people; without the secret.
    public var description: String {
        switch kind {
        case .noKey:
            "\(pointer) is secret, and this service has no sealing key: \(Self.advice)."
        case .wrongKey:
            "\(pointer) cannot be opened: it was sealed with another key or for another namespace. \(Self.advice)."
        }
    }

    private static let advice =
        "Give every gateway and worker the same SWITCHYARD_WEBHOOK_KEY, or the same SWITCHYARD_STORAGE with its webhook.key"
}
