/// Why bytes could not be compressed or inflated.
public struct CompressionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for code to branch on.
    public enum Kind: String, Sendable {
        /// The bytes are no gzip, or are damaged.
        case broken
        /// The bytes end within a member.
        case truncated
        /// What is inside is larger than the limit.
        case tooLarge = "too_large"
        /// zlib got no memory.
        case memory
    }

    /// What went wrong.
    public let kind: Kind
    /// A sentence for people.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
