/// Puts two orders of the same things into one, by reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009).
///
/// What is at place `r` of a list gets `1 / (60 + r)`, and the sum over the lists counts: places compare where scores of two kinds do not.
enum Fusion {
    /// How little the first places stand out; 60 is the paper's, and everybody's since.
    static let smoothing = 60.0

    /// A thing with its places, from 1, in the lists that have it.
    struct Entry: Equatable {
        let chunk: Int64
        let score: Double
        let vectorRank: Int?
        let textRank: Int?
    }

    /// All that is in either list, the best first; of those with the same score, the one with the lower number.
    static func merge(vector: [Int64], text: [Int64]) -> [Entry] {
        let vectorRanks = Dictionary(uniqueKeysWithValues: zip(vector, 1...))
        let textRanks = Dictionary(uniqueKeysWithValues: zip(text, 1...))
        return Set(vector + text).map { chunk in
            let ranks = (vectorRanks[chunk], textRanks[chunk])
            let score = [ranks.0, ranks.1].compactMap { $0 }.reduce(0) { $0 + 1 / (smoothing + Double($1)) }
            return Entry(chunk: chunk, score: score, vectorRank: ranks.0, textRank: ranks.1)
        }.sorted { $0.score == $1.score ? $0.chunk < $1.chunk : $0.score > $1.score }
    }
}
