import COpenSSL
import CSodium

/// The SHA-256 of bytes that come in pieces.
///
/// By OpenSSL, which uses the processor's own instructions: five times as fast as libsodium's, for files of gigabytes.
public struct SHA256Hasher: Sendable {
    private var state = SHA256_CTX()

    /// Starts an empty hash.
    public init() { SHA256_Init(&state) }

    /// Adds the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        SHA256_Update(&state, bytes, bytes.count)
    }

    /// Adds the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&state, bytes.baseAddress, bytes.count)
    }

    /// The 32 bytes of the digest of everything that was added so far.
    public func digest() -> [UInt8] {
        var copy = state
        var output = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256_Final(&output, &copy)
        return output
    }
}

/// The 32 bytes of the SHA-256 of `bytes`.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.digest()
}

/// The 20 bytes of the SHA-1 of `bytes`: for names that others give so, such as git's; it protects nothing.
public func sha1(_ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
    SHA1(bytes, bytes.count, &output)
    return output
}

/// The 32 bytes of the SHA-256 of the text's UTF-8.
public func sha256(_ text: String) -> [UInt8] { sha256(Array(text.utf8)) }

/// The 32 bytes of HMAC-SHA-256 (RFC 2104) of `message` under a key of any length.
public func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    Sodium.start()
    var state = crypto_auth_hmacsha256_state()
    var output = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
    crypto_auth_hmacsha256_init(&state, key, key.count)
    crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
    crypto_auth_hmacsha256_final(&state, &output)
    return output
}

/// `count` bytes from the system's cryptographic generator.
public func randomBytes(_ count: Int) -> [UInt8] {
    Sodium.start()
    var bytes = [UInt8](repeating: 0, count: count)
    randombytes_buf(&bytes, count)
    return bytes
}

/// Whether both are the same bytes, in a time that depends only on the length, which is not secret.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    Sodium.start()
    return left.count == right.count && sodium_memcmp(left, right, left.count) == 0
}
