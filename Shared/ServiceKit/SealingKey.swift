import Config
import Crypto
import Foundation

/// The key that secrets are sealed with before they are stored: those of webhooks, and the secret fields of specs. A key that is derived
/// from it signs the addresses of files.
///
/// It comes from `SWITCHYARD_WEBHOOK_KEY`, or from the file `webhook.key` in the storage folder, which gateways and workers share. The first
/// of them makes the file, readable by its owner alone. Its order of effects: a temporary file is written and flushed, then linked to its
/// name, which only one service can do; a crash before leaves a temporary file that is swept, and no key.
///
/// A lost key cannot be made good: what was sealed with it does not open. Jobs that have secrets fail with an error that says so, deliveries
/// of webhooks too, until each subscription has had `POST /webhooks/{id}/rotate-secret` with a new key.
public enum SealingKey {
    static let variable = "SWITCHYARD_WEBHOOK_KEY"

    static func read(_ environment: Environment) throws(ConfigError) -> [UInt8]? {
        guard environment.contains(variable) else { return nil }
        let text = try environment.secret(variable)
        guard let key = Hex.decode(text), key.count == SecretBox.keyLength else {
            throw ConfigError(
                name: variable, found: .hidden, wanted: "64 hexadecimal digits, as `openssl rand -hex 32` prints them")
        }
        return key
    }

    /// The box of a key that is given, or of the one in the storage folder, which is made when there is none.
    ///
    /// - Parameter storage: a storage folder with its folder `tmp`.
    public static func box(key: [UInt8]?, storage: String) throws(SealingKeyError) -> SecretBox {
        let bytes = if let key { key } else { try keyFile(at: storage + "/webhook.key", temporary: storage + "/tmp") }
        guard let box = SecretBox(key: bytes) else { preconditionFailure("the key's length was checked") }
        return box
    }

    private static func keyFile(at path: String, temporary folder: String) throws(SealingKeyError) -> [UInt8] {
        if access(path, F_OK) != 0 {
            try makeKey(at: path, temporary: "\(folder)/webhook.key.\(Hex.encode(randomBytes(8)))")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw SealingKeyError(path, errno) }
        guard status.st_mode & 0o077 == 0 else {
            throw SealingKeyError(description: "\(path) may be read by others; make it mode 600")
        }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw SealingKeyError(description: "\(path): \(error.localizedDescription)")
        }
        guard let key = Hex.decode(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            key.count == SecretBox.keyLength
        else {
            throw SealingKeyError(
                description: "\(path) must hold 64 hexadecimal digits; it is the key that secrets are sealed with")
        }
        return key
    }

    private static func makeKey(at path: String, temporary: String) throws(SealingKeyError) {
        let bytes = Array((Hex.encode(randomBytes(SecretBox.keyLength)) + "\n").utf8)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SealingKeyError(temporary, errno) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw SealingKeyError(temporary, errno)
        }
        // Whoever links first has made the key; the others read it.
        guard link(temporary, path) == 0 || errno == EEXIST else { throw SealingKeyError(path, errno) }
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw SealingKeyError(path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw SealingKeyError(path, errno) }
    }
}

/// The sealing key cannot be had.
public struct SealingKeyError: Error, Sendable, CustomStringConvertible {
    /// Why, and what would be right.
    public let description: String
}

extension SealingKeyError {
    fileprivate init(_ path: String, _ code: Int32) {
        self.init(description: "\(path): \(String(cString: strerror(code)))")
    }
}
