import Crypto
import Foundation

/// The signing secrets of webhooks: made here, shown once, and stored sealed.
///
/// The sealing key comes from `SWITCHYARD_WEBHOOK_KEY`, or from the file `webhook.key` in the storage folder, which gateways share.
/// The first gateway makes the file, readable by its owner alone. Its order of effects: a temporary file is written and flushed,
/// then linked to its name, which only one gateway can do; a crash before leaves a temporary file that is swept, and no key.
///
/// A lost key cannot be made good: what was sealed with it does not open, deliveries fail with an error that says so, and each
/// subscription needs `POST /webhooks/{id}/rotate-secret` once there is a new key. Nothing else is sealed with it.
struct WebhookVault: Sendable {
    private let box: SecretBox

    private static let prefix = "whsec_"
    private static let secretLength = 32

    /// Takes the key, or reads or makes the file.
    init(key: [UInt8]?, storage: String) throws {
        let key = try key ?? Self.keyFile(at: storage + "/webhook.key", temporary: storage + "/tmp")
        guard let box = SecretBox(key: key) else { preconditionFailure("the key's length was checked") }
        self.box = box
    }

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

    private static func keyFile(at path: String, temporary folder: String) throws -> [UInt8] {
        if access(path, F_OK) != 0 {
            try makeKey(at: path, temporary: "\(folder)/webhook.key.\(Hex.encode(randomBytes(8)))")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw VaultError(path, errno) }
        guard status.st_mode & 0o077 == 0 else {
            throw VaultError(description: "\(path) may be read by others; make it mode 600")
        }
        let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = Hex.decode(text), key.count == SecretBox.keyLength else {
            throw VaultError(
                description:
                    "\(path) must hold 64 hexadecimal digits; it is the key that webhook secrets are sealed with")
        }
        return key
    }

    private static func makeKey(at path: String, temporary: String) throws {
        let bytes = Array((Hex.encode(randomBytes(SecretBox.keyLength)) + "\n").utf8)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw VaultError(temporary, errno) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw VaultError(temporary, errno)
        }
        // Whoever links first has made the key; the others read it.
        guard link(temporary, path) == 0 || errno == EEXIST else { throw VaultError(path, errno) }
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw VaultError(path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw VaultError(path, errno) }
    }
}

/// The sealing key cannot be had.
struct VaultError: Error, CustomStringConvertible {
    let description: String
}

extension VaultError {
    fileprivate init(_ path: String, _ code: Int32) {
        self.init(description: "\(path): \(String(cString: strerror(code)))")
    }
}
