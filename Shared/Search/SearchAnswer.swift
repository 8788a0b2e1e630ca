import JSON
import Jobs

/// A chunk that was found.
public struct SearchHit: Sendable, Equatable {
    /// By what hits are ordered, the greatest first. In vector mode the similarity, in hybrid mode the sum of the reciprocal ranks, in text mode a number
    /// that only compares within the answer.
    public let score: Double
    /// The cosine of its vector and the query's, if it was found by that.
    public let similarity: Double?
    /// Its place among those found by vector, from 1.
    public let vectorRank: Int?
    /// Its place among those found by words, from 1.
    public let textRank: Int?
    /// The chunk.
    public let chunk: FoundChunk

    init(_ ranked: RankedChunk, _ chunk: FoundChunk) {
        (score, similarity) = (ranked.score, ranked.similarity)
        (vectorRank, textRank) = (ranked.vectorRank, ranked.textRank)
        self.chunk = chunk
    }
}

/// What a search has found.
public struct SearchAnswer: Sendable, Equatable, Representation {
    /// How neighbours were looked for.
    public enum Method: String, Sendable, CaseIterable {
        /// Every vector was compared: not one is missed.
        case exact
        /// The index of the `vector` extension proposed them: nearly none is missed.
        case index
    }

    /// By what chunks were found, which is less than was asked for where a note says so.
    public var mode: SearchRequest.Mode
    /// The name of the model; nil when the namespace has none.
    public var model: String?
    /// How neighbours were looked for; nil when they were not.
    public var method: Method?
    /// What the asker should know: sentences.
    public var notes: [String] = []
    /// The best first.
    public var hits: [SearchHit] = []

    /// What `write` writes.
    public static let schema = Schema.answer(
        "What was found, the best first.",
        [
            "mode": Schema.word(SearchRequest.Mode.allCases.map(\.rawValue)).described(
                "By what chunks were found; `text` instead of `hybrid` where a note says why."),
            "model": Schema.text.orNull.described("Null while the namespace has no embedded text."),
            "neighbours": Schema.word(Method.allCases.map(\.rawValue)).orNull.described(
                "`exact`: every vector was compared. `index`: an HNSW index proposed them. Null: words alone."),
            "notes": Schema.list(Schema.text).described("What to know about this answer."),
            "hits": Schema.list(Schema.answer("A chunk.", hit)),
        ])

    private static let hit: JSON = {
        var members: JSONObject = [
            "score": Schema.number.described(
                "What hits are ordered by: the similarity, in hybrid mode the sum of the reciprocal ranks, in text mode a number that only compares within the answer."
            ),
            "similarity": Schema.number.orNull.described("The cosine to the query, where it was found by its vector."),
            "vector_rank": Schema.count.orNull.described("Its place among those found by their vectors, from 1."),
            "text_rank": Schema.count.orNull.described("Its place among those found by their words, from 1."),
        ]
        for (key, value) in FoundChunk.members { members[key] = value }
        return .object(members)
    }()

    /// Appends the answer as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("mode", mode.rawValue)
        json.member("model", model)
        json.member("neighbours", method?.rawValue)
        json.member("notes", notes)
        json.key("hits")
        json.beginArray()
        for hit in hits {
            json.beginObject()
            json.member("score", hit.score)
            json.member("similarity", hit.similarity)
            json.member("vector_rank", hit.vectorRank)
            json.member("text_rank", hit.textRank)
            hit.chunk.writeMembers(to: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}
