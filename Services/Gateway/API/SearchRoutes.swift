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
                    body: .object(SearchRequest.schema(most: SearchRequest.maxHits), limit: Limits.search),
                    answers: [.json(SearchAnswer.self, "What was found, the best first.")],
                    problems: [.unknownModel, .noEmbedder], search)
            ])
    }
}
