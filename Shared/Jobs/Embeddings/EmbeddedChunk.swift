import Crypto
import JSON
import Postgres

/// A piece of a source's text, as it is written.
public struct EmbeddedChunk: Sendable, Equatable {
    /// The most bytes of a chunk's text.
    public static let maxTextBytes = 256 << 10

    /// Its number within the source, from 0, without gaps.
    public let ordinal: Int32
    /// Where it begins in the source's text, in Unicode scalars.
    public let start: Int32
    /// Where it ends.
    public let end: Int32
    /// The page that it begins on; nil for a source without pages.
    public var page: Int32?
    /// The titles above it, the outermost first.
    public var headings: [String]
    /// Its text.
    public let text: String
    /// The SHA-256 of the text that was embedded, without what the model wants in front of it.
    public let hash: [UInt8]

    /// Makes a chunk.
    ///
    /// - Parameter hash: of what was embedded, where that is not the text itself.
    public init(
        ordinal: Int32, start: Int32, end: Int32, page: Int32? = nil, headings: [String] = [], text: String,
        hash: [UInt8]? = nil
    ) {
        self.ordinal = ordinal
        self.start = start
        self.end = end
        self.page = page
        self.headings = headings
        self.text = text
        self.hash = hash ?? sha256(text)
    }

    var headingText: JSONText {
        var json = JSONWriter()
        json.value(headings)
        return JSONText(replacingNUL: json.bytes)
    }
}

/// The vector of a text, as it is written.
public struct EmbeddedVector: Sendable, Equatable {
    /// The SHA-256 of the text.
    public let hash: [UInt8]
    /// The vector.
    public let vector: StoredVector
    /// How many tokens the model has read.
    public let tokens: Int

    /// Makes one.
    public init(hash: [UInt8], vector: [Float], tokens: Int) {
        self.hash = hash
        self.vector = StoredVector(vector)
        self.tokens = tokens
    }
}

/// Texts of chunks have no vector, neither stored nor brought along: they were forgotten since they were asked for. Embed them and write again.
public struct MissingVectors: Error, Sendable, Equatable {
    /// Their hashes.
    public let hashes: [[UInt8]]
}
