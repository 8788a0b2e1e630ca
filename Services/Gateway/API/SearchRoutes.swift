import HTTPServer
import JSON
import Jobs
import Search

extension Gateway {
    var searchRoutes: RouteGroup {
        RouteGroup(
            name: "Search",
            description: "Finds chunks of what was embedded: by the vectors of a model, by their words, or by both.",
            routes: [
                Route(
                    "search", "POST", "/api/v1/search", .read, "Searches what was embedded",
                    details:
                        "With `query` alone the mode is `hybrid`: the nearest vectors and the best matches of the words, fused by their ranks (60). "
                        + "With `vector` alone it is `vector`; with both, words are taken from the one and neighbours from the other. "
                        + "A `query` is read as in web searches: all of its words first, `\"a phrase\"`, `-without`, `or`; then chunks with some of them.",
                    body: .object(Self.searchSchema, limit: Limits.search),
                    answers: [.json(SearchAnswer.self, "What was found, the best first.")],
                    problems: [.unknownModel, .noEmbedder], search)
            ])
    }

    static let searchSchema = Schema.request(
        [
            "query": Schema.text(max: SearchRequest.maxText).described("A text to look for."),
            "vector": Schema.list(Schema.number, 1...SearchRequest.maxDimensions).described(
                "A vector of the model to look for, of any length but nothing."),
            "model": Schema.text(max: 200).described(
                "The model's name. Without it the operator's standard, or else the one that the namespace used last."),
            "mode": Schema.word(SearchRequest.Mode.allCases.map(\.rawValue)).described("By what chunks are found."),
            "top_k": Schema.integer(1...SearchRequest.maxHits).described("The most hits.").defaulting(to: 10),
            "min_score": (["type": "number", "minimum": -1, "maximum": 1] as JSON).described(
                "The least cosine of what is found by its vector; what is found by its words is not held to it."),
            "filters": Schema.request([
                "labels": Schema.map(Schema.text).described("Labels that the source must have, all of them."),
                "kinds": Schema.list(Schema.word(SourceKind.allCases.map(\.rawValue)), 1...SourceKind.allCases.count)
                    .described("Only sources of one of these kinds."),
                "sources": Schema.list(Schema.text(max: EmbeddingSource.maxKeyBytes), 1...100).described(
                    "Only sources with one of these ids."),
                "jobs": Schema.list(Schema.uuid, 1...100).described(
                    "Only what one of these jobs embedded, or came across last."),
            ]),
        ])
}
