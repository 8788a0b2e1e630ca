import Crypto
import Testing

/// Published vectors: FIPS 180-4 examples and NIST CAVP for SHA-256, RFC 4231 for HMAC, RFC 4648 for base64url.
@Suite struct HashTests {
    @Test func sha1OfAKnownText() {
        #expect(Hex.encode(sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test(arguments: ["", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func whatIsNoKeyIsNone(pem: String) { #expect(RSAKey(pem: pem) == nil) }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256OfKnownTexts(text: String, digest: String) {
        #expect(Hex.encode(sha256(text)) == digest)
        #expect(Hex.encode(sha256(Array(text.utf8))) == digest)
    }

    @Test func sha256OfAMillionBytesInPieces() {
        var hasher = SHA256Hasher()
        for _ in 0..<1000 { hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(Hex.encode(hasher.digest()) == expected)
        // Asking for the digest does not end the hash.
        #expect(Hex.encode(hasher.digest()) == expected)
        hasher.update([0])
        #expect(Hex.encode(hasher.digest()) != expected)
    }

    @Test func piecesOfAnySizeGiveTheSame() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for size in [1, 3, 63, 64, 65, 999] {
            var hasher = SHA256Hasher()
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                piece.withUnsafeBytes { hasher.update($0) }
            }
            hasher.update([])
            #expect(hasher.digest() == sha256(bytes))
        }
    }

    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func hmacOfRFC4231(key: [UInt8], message: [UInt8], code: String) {
        #expect(Hex.encode(hmacSHA256(key: key, message: message)) == code)
    }

    @Test func comparesAllBytes() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
        for index in 0..<32 {
            var other = [UInt8](repeating: 7, count: 32)
            other[index] ^= 0x80
            #expect(!constantTimeEquals([UInt8](repeating: 7, count: 32), other))
        }
    }

    @Test func randomBytesDiffer() {
        #expect(randomBytes(0).isEmpty)
        #expect(Set((0..<1000).map { _ in randomBytes(16) }).count == 1000)
        // Each value of a byte turns up among 64 KiB but with a chance below 10^-108.
        #expect(Set(randomBytes(65_536)).count == 256)
    }
}
