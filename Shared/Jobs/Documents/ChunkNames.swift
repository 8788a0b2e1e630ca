import Crypto

/// Names the chunks of a document: a hash of the text, so that the same words have the same name in the next version of the document; the second chunk
/// with the same text ends with `-2`.
public struct ChunkNames: Sendable {
    private static let hashBytes = 16
    private var seen: [String: Int] = [:]

    /// For a document of which no chunk was named yet.
    public init() {}

    /// The name of the next chunk.
    public mutating func name(for text: String) -> String {
        let hash = Hex.encode(Array(sha256(Array(text.utf8)).prefix(Self.hashBytes)))
        seen[hash, default: 0] += 1
        let count = seen[hash, default: 1]
        return count > 1 ? "\(hash)-\(count)" : hash
    }
}
