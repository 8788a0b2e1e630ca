import Embedding
import Foundation
import JSON
import Jobs
import Postgres
import TestKit
import Testing

@testable import Search

@Suite struct SearchEngineTests {
    private static let texts = [
        "printer": "The printer is on the second floor, beside the kitchen.",
        "paper": "Put paper into the lower tray until the light is green.",
        "toner": "A new toner cartridge K-4711 costs sixty euros.",
        "holiday": "Ask for holidays two weeks ahead.",
        "unicode": "Größe und Länge: naïve café, 東京 🚀.",
    ]

    @Test(arguments: Server.allCases) func wordsAndVectorsAreFused(server: Server) async throws {
        let embedder = HashingEmbedder()
        try await World.with(server, models: [embedder]) { world in
            try await world.add(Self.texts, by: embedder)
            if server == .pgvector { try await world.buildIndexes() }
            func search(_ text: String, _ mode: SearchRequest.Mode, count: Int = 10) async throws -> SearchAnswer {
                try await world.engine.search(SearchRequest(text: text, mode: mode, count: count), namespace: "default")
            }
            let words = try await search("toner", .text)
            #expect(words.hits.map(\.chunk.key) == ["toner"])
            let hit = try #require(words.hits.first)
            #expect(hit.textRank == 1 && hit.vectorRank == nil && hit.similarity == nil)
            #expect(
                hit.chunk.title == "Title of toner" && hit.chunk.url == "http://a.test/toner" && hit.chunk.page == 3)
            #expect(hit.chunk.start == 0 && hit.chunk.end == 100 && hit.chunk.kind == .page)
            #expect(words.method == nil && words.model == "hashing" && words.notes.isEmpty)

            let near = try await search("printer on the second floor", .vector, count: 2)
            #expect(near.hits.first?.chunk.key == "printer" && near.hits.count == 2)
            #expect(near.hits[0].score > near.hits[1].score && near.method != nil)

            let both = try await search("paper tray", .hybrid)
            #expect(both.hits.count == 5, "all are near in some way")
            let first = try #require(both.hits.first)
            #expect(first.chunk.key == "paper" && first.vectorRank == 1 && first.textRank == 1)
            #expect(first.score == 2.0 / 61)
            for hit in both.hits.dropFirst() {
                let ranks = [hit.vectorRank, hit.textRank].compactMap { $0 }
                #expect(abs(hit.score - ranks.reduce(0) { $0 + 1 / (60 + Double($1)) }) < 1e-12)
            }
            #expect(both.hits.map(\.score) == both.hits.map(\.score).sorted(by: >))
        }
    }

    @Test func wordsAreFoundAsInWebSearches() async throws {
        let embedder = HashingEmbedder()
        try await World.with(models: [embedder]) { world in
            try await world.add(Self.texts, by: embedder)
            func found(_ text: String) async throws -> [String] {
                try await world.engine.search(SearchRequest(text: text, mode: .text), namespace: "default").hits
                    .map(\.chunk.key)
            }
            #expect(try await found("PRINTER") == ["printer"])
            #expect(try await found("K-4711") == ["toner"])
            #expect(try await found("\"second floor\"") == ["printer"])
            #expect(try await found("länge") == ["unicode"])
            #expect(try await found("Top").count == 5, "headings are words too")
            // Not all of the words: the chunk with the rarer ones first.
            let some = try await found("where is the toner cartridge")
            #expect(some.first == "toner" && Set(some) == ["toner", "printer", "paper"])
            #expect(
                try await found("the -paper -kitchen") == [], "what is left out is not brought back for want of others")
            for nothing in ["", " ", "?!", "-", "\"", "'", "\\", "@1", "x\0y", "& | !", "🚀🚀🚀", "nowhere"] {
                #expect(try await found(nothing) == [], "\(nothing)")
            }
        }
    }

    @Test(arguments: Server.allCases) func namespacesNeverMix(server: Server) async throws {
        let embedder = HashingEmbedder()
        try await World.with(server, models: [embedder]) { world in
            try await world.add(Self.texts, by: embedder)
            try await world.add(["mine": "My own printer and its paper and toner."], by: embedder, namespace: "other")
            if server == .pgvector { try await world.buildIndexes() }
            for mode in SearchRequest.Mode.allCases {
                for (namespace, keys) in [("other", Set(["mine"])), ("default", Set(Self.texts.keys)), ("third", [])] {
                    let answer = try await world.engine.search(
                        SearchRequest(text: "printer paper toner", mode: mode, count: 100), namespace: namespace)
                    let found = Set(answer.hits.map(\.chunk.key))
                    #expect(found.isSubset(of: keys) && found.isEmpty == keys.isEmpty, "\(mode) in \(namespace)")
                }
            }
        }
    }

    @Test func withoutAnEmbedderWordsRemain() async throws {
        try await World.with { world in
            let embedder = HashingEmbedder()
            try await world.add(Self.texts, by: embedder)
            let answer = try await world.engine.search(SearchRequest(text: "toner"), namespace: "default")
            #expect(answer.mode == .text && answer.hits.map(\.chunk.key) == ["toner"] && answer.notes.count == 1)
            let refused = await #expect(throws: SearchError.self) {
                try await world.engine.search(SearchRequest(text: "toner", mode: .vector), namespace: "default")
            }
            #expect(refused?.code == .noEmbedder)
            let vector = embedder.vector("a new toner cartridge")
            let near = try await world.engine.search(SearchRequest(vector: vector, count: 1), namespace: "default")
            #expect(near.hits.map(\.chunk.key) == ["toner"] && near.model == "hashing")
            let both = try await world.engine.search(
                SearchRequest(vector: vector, text: "printer", count: 2), namespace: "default")
            #expect(both.mode == .hybrid && Set(both.hits.map(\.chunk.key)).isSuperset(of: ["toner", "printer"]))
        }
    }

    @Test func aModelThatIsAwayLeavesTheWords() async throws {
        try await World.with(models: [SilentEmbedder()], timeout: .seconds(1)) { world in
            try await world.add(Self.texts, by: HashingEmbedder())
            let answer = try await world.engine.search(SearchRequest(text: "toner"), namespace: "default")
            #expect(answer.mode == .text && answer.hits.map(\.chunk.key) == ["toner"] && answer.notes.count == 1)
            await expect(.modelUnavailable, SearchRequest(text: "toner", mode: .vector), world)
        }
    }

    @Test func wordsThatTooManyChunksHaveAreNotAllRanked() async throws {
        try await World.with { world in
            let space = try await world.space(3)
            try await world.add("a", (0..<9).map { ("berth \($0)", [1, 0, 0]) }, to: space)
            var world = world
            func notes(_ text: String) async throws -> [String] {
                try await world.engine.search(SearchRequest(text: text, mode: .text), namespace: "default").notes
            }
            #expect(try await notes("berth").isEmpty)
            world.engine.ranked = 9
            #expect(try await notes("berth").isEmpty)
            world.engine.ranked = 8
            #expect(try await notes("berth").count == 1)
            #expect(try await notes("berth 5").isEmpty)
        }
    }

    @Test func modelsAreToldApart() async throws {
        var next = HashingEmbedder()
        next.model = EmbeddingModel(name: "hashing", revision: "2", dimensions: 64, maxTokens: 32)
        let embedder = next
        try await World.with(models: [embedder]) { world in
            // Nothing is there yet: nothing is found, and a model that nobody knows is refused.
            let empty = try await world.engine.search(SearchRequest(text: "toner"), namespace: "default")
            #expect(empty.hits.isEmpty && empty.model == "hashing")
            var request = SearchRequest(text: "toner")
            request.model = "nosuch"
            await expect(.unknownModel, request, world)

            try await world.add(Self.texts, by: HashingEmbedder())
            let old = try await world.engine.search(SearchRequest(text: "toner"), namespace: "default")
            #expect(old.mode == .text && old.notes.count == 1, "vectors of another revision are not compared")
            await expect(.noEmbedder, SearchRequest(text: "toner", mode: .vector), world)

            try await world.add(["new": "toner"], by: embedder)
            let new = try await world.engine.search(SearchRequest(text: "toner"), namespace: "default")
            #expect(new.mode == .hybrid && new.hits.map(\.chunk.key) == ["new"])

            let other = try await world.space(3, model: "three")
            try await world.add("x", [("three numbers", [1, 0, 0])], to: other)
            request.model = "three"
            request.text = nil
            (request.mode, request.vector) = (.vector, [0.5, 0.5, 0])
            #expect(try await world.engine.search(request, namespace: "default").hits.map(\.chunk.key) == ["x"])
            for bad: [Float] in [[1, 0], [1, 0, 0, 0], [0, 0, 0], [.nan, 0, 0], [.infinity, 1, 1]] {
                request.vector = bad
                await expect(.badVector, request, world)
            }
            await expect(
                .badText, SearchRequest(text: String(repeating: "a ", count: 33), mode: .vector), world)
        }
    }

    private func expect(_ code: SearchError.Code, _ request: SearchRequest, _ world: World) async {
        let error = await #expect(throws: SearchError.self) {
            try await world.engine.search(request, namespace: "default")
        }
        #expect(error?.code == code)
    }

    @Test func longTextsAreCutOffBetweenHits() async throws {
        try await World.with { world in
            let space = try await world.space(3)
            let long = String(repeating: "word ", count: 50_000)
            try await world.add("a", (0..<20).map { ("\($0) \(long)", [1, 0, 0]) }, to: space)
            let answer = try await world.engine.search(
                SearchRequest(vector: [1, 0, 0], count: 20), namespace: "default")
            #expect(answer.hits.count == 16 && answer.notes.count == 1)
            let words = try await world.engine.search(
                SearchRequest(text: "19 word", mode: .text, count: 1), namespace: "default")
            #expect(words.hits.map(\.chunk.ordinal) == [19])
        }
    }
}
