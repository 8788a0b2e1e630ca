import COpenSSL

/// An RSA private key that signs.
public final class RSAKey {
    private let key: OpaquePointer

    /// Reads a key in PEM, PKCS #1 or #8, without a passphrase; nil for anything else.
    public init?(pem: String) {
        let read = Array(pem.utf8).withUnsafeBytes { bytes -> OpaquePointer? in
            // The source refers to the bytes, so it ends before they do.
            guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(source) }
            // A passphrase is never asked for: the callback gives none.
            return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let key = read else { return nil }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017; `RS256` of RFC 7518); nil when OpenSSL refuses, as for a key that is too small.
    public func sign(_ message: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var size = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &size, message, message.count) == 1
        else { return nil }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, message, message.count) == 1 else { return nil }
        return Array(signature.prefix(size))
    }
}
