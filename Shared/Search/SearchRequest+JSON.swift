import Crypto
import Foundation
import JSON
import Jobs

/// What of a request cannot be looked for.
public struct SearchRequestError: Error, Sendable {
    /// Where in the request, as a JSON pointer.
    public let pointer: String
    /// What is wrong, in a sentence.
    public let message: String
}

extension SearchRequest {
    /// What a request is as JSON.
    ///
    /// - Parameter hits: the most that can be asked for.
    public static func schema(most hits: Int) -> JSON {
        Schema.request(
            [
                "query": Schema.text(max: maxText).described("A text to look for."),
                "vector": Schema.list(Schema.number, 1...maxDimensions).described(
                    "A vector of the model to look for, of any length but nothing."),
                "model": Schema.text(max: 200).described(
                    "The model's name. Without it the operator's standard, or else the one that the namespace used last."
                ),
                "mode": Schema.word(Mode.allCases.map(\.rawValue)).described("By what chunks are found."),
                "top_k": Schema.integer(1...hits).described("The most hits.").defaulting(to: 10),
                "min_score": (["type": "number", "minimum": -1, "maximum": 1] as JSON).described(
                    "The least cosine of what is found by its vector; what is found by its words is not held to it."),
                "filters": filters,
            ])
    }

    private static let filters = Schema.request([
        "labels": Schema.map(Schema.text).described("Labels that the source must have, all of them."),
        "kinds": Schema.list(Schema.word(SourceKind.allCases.map(\.rawValue)), 1...SourceKind.allCases.count)
            .described("Only sources of one of these kinds."),
        "sources": Schema.list(Schema.text(max: EmbeddingSource.maxKeyBytes), 1...100).described(
            "Only sources with one of these ids."),
        "jobs": Schema.list(Schema.uuid, 1...100).described(
            "Only what one of these jobs embedded, or came across last."),
    ])

    /// Reads a request that fits the schema.
    public init(_ json: JSON) throws(SearchRequestError) {
        let text = json["query"]?.stringValue
        let vector = json["vector"]?.arrayValue?.compactMap { $0.doubleValue.map { Float($0) } }
        let asked = json["mode"]?.stringValue.flatMap(Mode.init(rawValue:))
        let count = json["top_k"]?.intValue ?? 10
        switch (text, vector) {
        case (nil, nil):
            throw SearchRequestError(pointer: "", message: "Say what to look for: a query, or a vector.")
        case (let text, let vector?): self.init(vector: vector, text: text, count: count)
        case (let text?, nil): self.init(text: text, count: count)
        }
        if let asked { mode = asked }
        if let text, !text.contains(where: { !$0.isWhitespace }) {
            throw SearchRequestError(pointer: "/query", message: "It has nothing to look for.")
        }
        if text == nil, mode != .vector {
            throw SearchRequestError(pointer: "/query", message: "The mode \(mode.rawValue) needs a query.")
        }
        model = json["model"]?.stringValue
        minSimilarity = json["min_score"]?.doubleValue
        if minSimilarity != nil, mode == .text {
            throw SearchRequestError(pointer: "/min_score", message: "The mode text compares no vectors.")
        }
        filter = ChunkFilter(json["filters"] ?? [:])
    }
}

extension ChunkFilter {
    fileprivate init(_ json: JSON) {
        let labels = json["labels"]?.objectValue ?? [:]
        self.init(
            labels: Dictionary(labels.map { ($0.key, $0.value.stringValue ?? "") }) { first, _ in first },
            kinds: (json["kinds"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(SourceKind.init(rawValue:)) },
            sources: (json["sources"]?.arrayValue ?? []).compactMap(\.stringValue),
            jobs: (json["jobs"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(UUID.init(text:)) })
    }
}
