import Foundation
import Jobs
import Postgres
import TestKit
import Testing

@testable import Search

@Suite struct NeighbourTests {
    @Test func theHeapKeepsTheBestInOrder() {
        var random = Seeded(state: 1)
        for count in [1, 2, 7, 50] {
            let offered = (0..<200).map {
                Neighbour(chunk: $0, similarity: Double(Int.random(in: 0...20, using: &random)))
            }.shuffled(using: &random)
            var heap = BoundedHeap(capacity: count)
            for neighbour in offered { heap.offer(neighbour) }
            let wanted = offered.sorted { ($1.similarity, $0.chunk) < ($0.similarity, $1.chunk) }.prefix(count)
            #expect(heap.elements.sorted { $0.precedes($1) } == Array(wanted))
            #expect(heap.worst == wanted.last)
        }
    }

    @Test func batchesChangeNothing() {
        var directions = Directions(2)
        let all = (0..<500).map { (chunk: Int64($0), vector: StoredVector(directions.next(33))) }
        // Every tenth is there again, last, so that BLAS meets the two at different places of a batch.
        let twice =
            all + all.enumerated().filter { $0.offset % 10 == 0 }.map { (chunk: $1.chunk + 1000, vector: $1.vector) }
        let query = directions.next(33)
        func found(_ batch: Int) -> [Neighbour] {
            var neighbours = Neighbours(of: query, count: 60)
            for start in stride(from: 0, to: twice.count, by: batch) {
                neighbours.look(at: Array(twice[start..<min(start + batch, twice.count)]))
            }
            return neighbours.sorted
        }
        let wanted = twice.map { Neighbour(chunk: $0.chunk, similarity: Neighbours.product(query, $0.vector.numbers)) }
            .sorted { $0.precedes($1) }.prefix(60)
        for batch in [1, 3, 64, 1000] { #expect(found(batch) == Array(wanted), "\(batch) at a time") }
    }

    @Test func ranksAreFused() {
        let entries = Fusion.merge(vector: [1, 2, 3], text: [3, 4])
        #expect(entries.map(\.chunk) == [3, 1, 2, 4])
        #expect(entries[0].score == 1.0 / 63 + 1.0 / 61)
        #expect(entries[0].vectorRank == 3 && entries[0].textRank == 1)
        #expect(entries[2] == Fusion.Entry(chunk: 2, score: 1.0 / 62, vectorRank: 2, textRank: nil))
        // The same score: the lower number first.
        #expect(Fusion.merge(vector: [9], text: [8]).map(\.chunk) == [8, 9])
        #expect(Fusion.merge(vector: [], text: []) == [])
    }
}

/// Exact search against the plain way: compare with all, sort.
@Suite struct ExactSearchTests {
    private struct Filtered: Sendable {
        let filter: ChunkFilter
        let matches: @Sendable (Stored) -> Bool
    }

    private func fill(_ world: World, _ job: UUID) async throws -> EmbeddingSpace {
        let space = try await world.space(24)
        var directions = Directions(3)
        let shared = directions.next(24)
        for number in 0..<120 {
            // Half of them have two chunks with one vector; many have chunks with equal vectors of different texts.
            let own = directions.next(24)
            let texts = [
                ("\(number) a", directions.next(24)), ("\(number) b", own), ("\(number) c", own), ("shared", shared),
                ("\(number) d", shared),
            ]
            try await world.add(
                "s\(number)", texts, labels: ["set": .string("set\(number % 3)"), "n": .string("\(number)")],
                kind: number.isMultiple(of: 2) ? .page : .document, job: number < 40 ? job : UUID(), to: space)
        }
        return space
    }

    @Test(arguments: Server.allCases) func noNeighbourIsMissedAndTiesAreInOrder(server: Server) async throws {
        try await World.with(server) { world in
            let job = UUID()
            let space = try await fill(world, job)
            if server == .pgvector { try await world.buildIndexes() }
            let all = try await world.everything(in: space)
            #expect(all.count == 600)
            let filters = [
                Filtered(filter: ChunkFilter()) { _ in true },
                Filtered(filter: ChunkFilter(labels: ["set": "set1"])) { $0.label == "set1" },
                Filtered(filter: ChunkFilter(labels: ["set": "set1", "n": "4"])) { $0.key == "s4" },
                Filtered(filter: ChunkFilter(kinds: [.document])) { $0.kind == .document },
                Filtered(filter: ChunkFilter(kinds: [.document], sources: ["s1", "s2", "s3"])) {
                    ["s1", "s3"].contains($0.key)
                },
                Filtered(filter: ChunkFilter(jobs: [job])) { $0.job == job },
                Filtered(filter: ChunkFilter(labels: ["set": "none"])) { _ in false },
            ]
            var directions = Directions(4)
            // One is the vector that a fifth of all chunks have: nothing but ties.
            for query in [all[3].vector, directions.next(24), directions.next(24)] {
                let unit = Directions.unit(query)
                for (number, filtered) in filters.enumerated() where server == .plain || number > 0 {
                    for count in [1, 10, 100] {
                        var request = SearchRequest(vector: query.map { $0 * 7 }, count: count)
                        request.filter = filtered.filter
                        let answer = try await world.engine.search(request, namespace: "default")
                        let wanted = all.filter(filtered.matches).map {
                            Neighbour(chunk: $0.id, similarity: Neighbours.product(unit, $0.vector))
                        }.sorted { $0.precedes($1) }.prefix(count)
                        #expect(answer.method == .exact && answer.mode == .vector)
                        #expect(answer.hits.map(\.chunk.id) == wanted.map(\.chunk), "filter \(number), \(count)")
                        for (hit, neighbour) in zip(answer.hits, wanted) {
                            #expect(abs(hit.score - neighbour.similarity) < 1e-6 && hit.score == hit.similarity)
                        }
                        #expect(
                            answer.hits.map(\.vectorRank)
                                == Array(1...max(1, count)).prefix(answer.hits.count).map { $0 })
                    }
                }
            }
            var request = SearchRequest(vector: all[0].vector, count: 100)
            request.minSimilarity = 0.3
            let near = try await world.engine.search(request, namespace: "default")
            let wanted = all.filter { Neighbours.product(all[0].vector, $0.vector) >= 0.3 }
            #expect(Set(near.hits.map(\.chunk.id)) == Set(wanted.map(\.id)) && wanted.count > 1 && wanted.count < 100)
        }
    }

    @Test func theTimeOfASearchIsLimited() async throws {
        try await World.with(timeout: .milliseconds(1)) { world in
            let space = try await world.space(24)
            var directions = Directions(5)
            try await world.add("a", (0..<2000).map { ("\($0)", directions.next(24)) }, to: space)
            let error = await #expect(throws: SearchError.self) {
                // The model is named by the space; finding that costs a statement, which has its limit too.
                try await world.engine.search(SearchRequest(vector: directions.next(24)), namespace: "default")
            }
            #expect(error?.code == .tooSlow)
        }
    }
}
