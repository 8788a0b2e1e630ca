/// The text of an API key: `sy_` and 43 base64url characters, which stand for 32 random bytes.
///
/// It prints as a placeholder, so that no log line or error shows it by accident. Only its hash is stored: the key has 256 bits
/// of randomness, so a plain SHA-256 is enough and no slow password hash is needed on each request.
public struct APIKeyText: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What every key begins with.
    public static let prefix = "sy_"

    /// The key itself, to be shown once.
    public let text: String

    /// A new random key.
    public static func generate() -> APIKeyText { APIKeyText(valid: prefix + Base64URL.encode(randomBytes(32))) }

    /// The key in this text, or nil unless it has a key's form.
    public init?(_ text: String) {
        guard text.utf8.count == 46, text.hasPrefix(Self.prefix),
            Base64URL.decode(String(text.dropFirst(Self.prefix.count)))?.count == 32
        else { return nil }
        self.text = text
    }

    private init(valid text: String) { self.text = text }

    /// The 32 bytes under which the key is stored and looked up.
    public var hash: [UInt8] { sha256(text) }

    /// A placeholder.
    public var description: String { "sy_[hidden]" }

    /// A placeholder.
    public var debugDescription: String { description }

    /// Shows no part of the key.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
