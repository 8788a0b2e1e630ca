import CSodium

/// Seals short secrets for storage, with a key that is kept elsewhere (XSalsa20-Poly1305): what was changed or sealed with another
/// key does not open.
public struct SecretBox: Sendable, CustomReflectable {
    /// The length of the key in bytes.
    public static let keyLength = Int(crypto_secretbox_KEYBYTES)

    private let key: [UInt8]

    /// Makes a box; nil unless the key has `keyLength` bytes.
    public init?(key: [UInt8]) {
        guard key.count == Self.keyLength else { return nil }
        self.key = key
    }

    /// A random nonce and the sealed bytes.
    public func seal(_ secret: [UInt8]) -> [UInt8] {
        let nonce = randomBytes(Int(crypto_secretbox_NONCEBYTES))
        var sealed = [UInt8](repeating: 0, count: Int(crypto_secretbox_MACBYTES) + secret.count)
        crypto_secretbox_easy(&sealed, secret, UInt64(secret.count), nonce, key)
        return nonce + sealed
    }

    /// What was sealed; nil when it was not sealed with this key, or is damaged.
    public func open(_ bytes: [UInt8]) -> [UInt8]? {
        Sodium.start()
        let nonceLength = Int(crypto_secretbox_NONCEBYTES)
        let length = bytes.count - nonceLength - Int(crypto_secretbox_MACBYTES)
        guard length >= 0 else { return nil }
        var secret = [UInt8](repeating: 0, count: length)
        let sealed = Array(bytes[nonceLength...])
        let status = crypto_secretbox_open_easy(
            &secret, sealed, UInt64(sealed.count), Array(bytes[..<nonceLength]), key)
        return status == 0 ? secret : nil
    }

    /// A key of 32 bytes for something else, from which this box's cannot be told.
    public func key(for purpose: String) -> [UInt8] { hmacSHA256(key: key, message: Array(purpose.utf8)) }

    /// Shows no part of the key.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
