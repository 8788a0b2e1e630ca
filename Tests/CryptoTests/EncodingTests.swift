import Crypto
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
        ("\u{3BF}~?", "zr9-Pw"),
    ])
    func base64URLOfRFC4648(text: String, encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["Z", "Zg==", "Zm9v\n", "Zm 9v", "Zm9+", "Zm9/", "Zh", "Zm9vY", "é", "Zm9v\0"])
    func base64URLRefuses(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func hexBothWays() {
        #expect(Hex.encode([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(Hex.decode("000Fa0fF") == [0x00, 0x0F, 0xA0, 0xFF])
        #expect(Hex.decode("") == [])
        for text in ["0", "0g", "g0", " 00", "0x", "é", "00\0"] { #expect(Hex.decode(text) == nil) }
    }

    @Test func randomBytesComeBack() {
        for count in 0..<100 {
            let bytes = randomBytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test func keysHaveTheirForm() throws {
        let key = APIKeyText.generate()
        #expect(key.text.wholeMatch(of: /sy_[A-Za-z0-9_-]{43}/) != nil)
        #expect(APIKeyText.generate().text != key.text)
        #expect(APIKeyText(key.text)?.text == key.text)
        #expect(key.hash == sha256(key.text))
        for text in [
            "", "sy_", key.text + "a", String(key.text.dropLast()), "sx" + key.text.dropFirst(2), key.text.uppercased(),
        ] {
            #expect(APIKeyText(text) == nil)
        }
        #expect(APIKeyText("sy_" + String(repeating: "!", count: 43)) == nil)
    }

    @Test func keysDoNotPrintThemselves() {
        let key = APIKeyText.generate()
        var dumped = ""
        dump(key, to: &dumped)
        let secret = String(key.text.dropFirst(3))
        for shown in ["\(key)", String(reflecting: key), "\([key])", "\(Optional(key) as Any)", dumped] {
            #expect(!shown.contains(secret))
        }
    }
}
