import Foundation
import Testing

@testable import Embedding

/// The model that compose/run fetches; compose/test says where it is.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SWITCHYARD_MODELS"] != nil, "compose/test fetches the model"))
struct RealModelTests {
    private func embedder() async throws -> LocalEmbedder {
        let models = try #require(ProcessInfo.processInfo.environment["SWITCHYARD_MODELS"])
        return try await LocalEmbedder(folder: "\(models)/all-MiniLM-L6-v2", threads: 2)
    }

    @Test func isTheModelThatIsPinned() async throws {
        let model = try await embedder().model
        #expect(model.name == "all-MiniLM-L6-v2")
        #expect(model.dimensions == 384)
        #expect(model.maxTokens == 256)
        #expect(model.revision == "ea47f36e2e74")
    }

    @Test func findsTheAnswerToAQuestion() async throws {
        let texts = [
            "How long does a worker keep a job that it has taken?",
            "A running job belongs to its worker until the lease ends, thirty seconds after the last heartbeat.",
            "The broker keeps messages that no worker could take in a queue of their own.",
            "Bread rises because yeast makes bubbles of gas in the dough.",
        ]
        let vectors = try await embedder().embed(texts, as: .passage).map { try $0.get().vector }
        #expect(vectors.allSatisfy { abs($0.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5 })
        let scores = vectors.dropFirst().map { zip($0, vectors[0]).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
        #expect(scores[0] > scores[1] && scores[1] > scores[2])
    }

    @Test func vectorsAreThoseOfSentenceTransformers() async throws {
        let results = try await embedder().embed(["Switchyard moves jobs.", "Üben: 東京 😀"], as: .passage)
        let found = try results.map { try $0.get() }
        let wanted: [[Float]] = [
            [-0.029318, -0.061995, 0.005464, -0.016037, -0.026343, -0.030895, 0.060608, -0.017183],
            [0.054107, 0.07686, 0.036707, -0.045056, -0.042522, -0.005177, 0.097528, -0.000277],
        ]
        #expect(found.map(\.tokens) == [7, 8])
        for (text, numbers) in zip(found, wanted) {
            #expect(zip(text.vector, numbers).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }
}
