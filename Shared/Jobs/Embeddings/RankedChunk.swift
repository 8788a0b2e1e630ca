/// A chunk that a search has found, by its number.
public struct RankedChunk: Sendable, Equatable {
    /// Its number.
    public let chunk: Int64
    /// By what hits are ordered, the greatest first.
    public let score: Double
    /// The cosine of its vector and the query's, if it was found by that.
    public let similarity: Double?
    /// Its place among those found by vector, from 1.
    public let vectorRank: Int?
    /// Its place among those found by words, from 1.
    public let textRank: Int?

    /// Makes a place.
    public init(chunk: Int64, score: Double, similarity: Double?, vectorRank: Int?, textRank: Int?) {
        self.chunk = chunk
        self.score = score
        self.similarity = similarity
        self.vectorRank = vectorRank
        self.textRank = textRank
    }
}
