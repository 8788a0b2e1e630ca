import COpenBLAS
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs
@testable import Search

/// What pgvector's index adds, and that it changes nothing else.
@Suite struct VectorIndexTests {
    @Test func aServerWithoutTheExtensionSaysWhatToDo() async throws {
        try await World.with { world in
            guard case .missing(let remedy) = try await VectorExtension.find(in: world.database) else {
                Issue.record("Debian's server should not have it")
                return
            }
            #expect(remedy.contains("pgvector"))
        }
    }

    @Test func anIndexHasWhatWasThereAndWhatComesLater() async throws {
        try await World.with(.pgvector) { world in
            var directions = Directions(7)
            let before = try await world.space(16)
            #expect(before.index == nil)
            var vectors = (0..<150).map { _ in directions.next(16) }
            try await world.add("before", vectors.enumerated().map { ("b\($0)", $1) }, to: before)
            try await world.buildIndexes()
            let space = try await world.space(16)
            #expect(space.index?.iterates == true)
            let later = (0..<150).map { _ in directions.next(16) }
            try await world.add("later", later.enumerated().map { ("l\($0)", $1) }, to: space)
            vectors += later
            func nearest(_ vector: [Float], method: SearchAnswer.Method = .index) async throws -> String? {
                let answer = try await world.engine.search(
                    SearchRequest(vector: vector, count: 1), namespace: "default")
                #expect(answer.method == method)
                return answer.hits.first?.chunk.text
            }
            for number in stride(from: 0, to: 150, by: 10) {
                #expect(try await nearest(vectors[number]) == "b\(number)")
                #expect(try await nearest(vectors[150 + number]) == "l\(number)")
            }
            // A source that is replaced is gone from the index's answers at once, and its vectors with the next sweep.
            try await world.add("before", [("b7", vectors[7])], to: space)
            #expect(try await nearest(vectors[7]) == "b7")
            #expect(try await nearest(vectors[10]) != "b10")
            let store = JobStore(world.database)
            while try await store.forgetReplacedSources(limit: 100) {}
            let rows = try await world.database.query("SELECT count(*) AS n FROM embedding_index_1")
            #expect(try rows[0].decode("n", as: Int.self) == 151)
        }
    }

    @Test func anIndexThatWasLeftUnfinishedIsFinished() async throws {
        try await World.with(.pgvector) { world in
            var directions = Directions(8)
            let space = try await world.space(16)
            try await world.add("a", (0..<120).map { ("\($0)", directions.next(16)) }, to: space)
            try await world.buildIndexes()
            try await world.database.query("UPDATE embedding_spaces SET index_state = 'filling'")
            try await world.database.query("DELETE FROM embedding_index_1 WHERE id > 50")
            #expect(try await world.space(16).index == nil, "it is not searched before it is whole")
            try await world.buildIndexes()
            #expect(try await world.space(16).index != nil)
            let rows = try await world.database.query("SELECT count(*) AS n FROM embedding_index_1")
            #expect(try rows[0].decode("n", as: Int.self) == 120)
        }
    }

    @Test func aSpaceThatCannotHaveAnIndexHoldsUpNoOther() async throws {
        try await World.with(.pgvector) { world in
            let (bad, good) = (try await world.space(3, model: "bad"), try await world.space(3, model: "good"))
            for space in [bad, good] { try await world.add("a", [("one", [1, 0, 0])], to: space) }
            // Something is in its table's place.
            try await world.database.query("CREATE VIEW embedding_index_1 AS SELECT 1 AS id")
            guard case .installed(let installation) = try await VectorExtension.find(in: world.database) else {
                throw TestKitError("the server has no vector extension")
            }
            let outcomes = try await VectorIndexBuilder(world.database).run(installation, threshold: 1)
            #expect(outcomes.map(\.model) == ["bad", "good"])
            #expect(outcomes[0].fault != nil && outcomes[1].fault == nil)
            #expect(try await world.space(3, model: "good").index != nil)
        }
    }

    @Test func vectorsThatWereForgottenSinceAreLeftOut() async throws {
        try await World.with(.pgvector) { world in
            let space = try await world.space(3)
            try await world.add("a", [("one", [1, 0, 0]), ("two", [0, 1, 0])], to: space)
            try await world.buildIndexes()
            try await world.database.query("DELETE FROM embedding_index_1")
            let vectors = (1...3).map { (id: Int64($0), vector: StoredVector([1, 0, 0])) }
            try await world.database.query(VectorIndex.insertion(of: vectors, into: space.id, dimensions: 3))
            let rows = try await world.database.query("SELECT id FROM embedding_index_1 ORDER BY id")
            #expect(try rows.map { try $0.decode("id", as: Int64.self) } == [1, 2])
        }
    }

    @Test func whatIsAvailableIsNotInstalledByLooking() async throws {
        try await World.with(.pgvector) { world in
            let name = "fresh_\(UInt32.random(in: 0 ... .max))"
            let url = try #require(try await Server.pgvector.url().flatMap { URLComponents(string: $0) })
            var fresh = url
            fresh.path = "/\(name)"
            try await world.database.query(Statement(stringLiteral: "CREATE DATABASE \(name)"))
            let database = Database(
                PostgresConfiguration(url: try #require(fresh.string), applicationName: name), size: 1)
            #expect(try await VectorExtension.find(in: database, installs: false) == .available)
            guard case .installed = try await VectorExtension.find(in: database) else {
                Issue.record("the account may install it")
                return
            }
            #expect(try await VectorExtension.find(in: database, installs: false) != .available)
            await database.close()
            try await world.database.query(Statement(stringLiteral: "DROP DATABASE \(name)"))
        }
    }

    /// The share of the ten nearest that the index finds, among 20,000 vectors in 40 clusters that run into each other; without a filter, and with one that lets a
    /// tenth of the chunks through.
    @Test func theIndexFindsNearlyAllNeighbours() async throws {
        try await World.with(.pgvector) { world in
            let (dimensions, count, queries, nearest) = (384, 20_000, 100, 10)
            var directions = Directions(9)
            let centres = (0..<40).map { _ in directions.next(dimensions) }
            let space = try await world.space(dimensions)
            var all: [[Float]] = []
            for batch in 0..<count / 500 {
                let vectors = (0..<500).map { directions.near(centres[(batch * 500 + $0) % centres.count], noise: 1.2) }
                try await world.add(
                    "\(batch)", vectors.enumerated().map { ("\(batch)/\($0)", $1) },
                    labels: ["part": .string("\(batch % 10)")],
                    to: space)
                all += vectors
            }
            try await world.buildIndexes()
            let ids = try await world.database.query("SELECT id FROM embedding_chunks ORDER BY source, ordinal").map {
                try $0.decode("id", as: Int64.self)
            }
            var engine = world.engine
            engine.few = 100
            let matrix = all.flatMap { $0 }
            var found = [0, 0]
            for number in 0..<queries {
                let query = directions.near(centres[number % centres.count], noise: 1.2)
                var products = [Float](repeating: 0, count: count)
                cblas_sgemv(
                    CblasRowMajor, CblasNoTrans, Int32(count), Int32(dimensions), 1, matrix, Int32(dimensions), query,
                    1, 0, &products,
                    1)
                for (kind, part) in [nil, "3"].enumerated() {
                    let wanted = products.indices.filter { part == nil || ($0 / 500) % 10 == 3 }
                        .sorted { products[$0] > products[$1] }.prefix(nearest).map { ids[$0] }
                    var request = SearchRequest(vector: query, count: nearest)
                    if let part { request.filter.labels = ["part": part] }
                    let answer = try await engine.search(request, namespace: "default")
                    #expect(answer.method == .index)
                    found[kind] += Set(wanted).intersection(answer.hits.map(\.chunk.id)).count
                }
            }
            let recall = found.map { Double($0) / Double(queries * nearest) }
            print(
                "recall@10 of the HNSW index over 20,000 vectors of 384 dimensions: \(recall[0]); filtered to a tenth: \(recall[1])"
            )
            #expect(recall[0] >= 0.9 && recall[1] >= 0.9)
            // What a filter leaves few of is compared as a whole.
            var request = SearchRequest(vector: all[0], count: nearest)
            request.filter.sources = ["0"]
            #expect(try await world.engine.search(request, namespace: "default").method == .exact)
        }
    }
}
