import Foundation
import HTTPServer
import JSON
import Jobs
import Synchronization
import TestKit
import Testing

/// Embeddings by an endpoint that refuses texts, or does not answer while the worker dies.
@Suite(.serialized) struct EmbeddingFaultTests {
    /// An endpoint on loopback; each text has three tokens.
    private final class Endpoint: Sendable {
        enum Manner: Sendable {
            case well
            /// Refuses texts that have this word.
            case refuses(String)
            case refusesAll
            /// Waits at the gate with texts that have this word.
            case holds(String)
        }

        let gate = Gate()
        private let receiver: Receiver
        private let state: Shared

        /// Shared with the handler.
        private final class Shared: Sendable {
            let manner = Mutex(Manner.well)
            let held = Mutex(0)
        }

        init() throws {
            let (state, gate) = (Shared(), gate)
            self.state = state
            receiver = try Receiver { request, _ in
                let texts = (try? JSON.parse(request.bytes))?["input"]?.arrayValue?.compactMap(\.stringValue) ?? []
                switch state.manner.withLock({ $0 }) {
                case .refusesAll: return HTTPResponse(status: 400)
                case .refuses(let word) where texts.contains { $0.contains(word) }: return HTTPResponse(status: 400)
                case .holds(let word) where texts.contains { $0.contains(word) }:
                    state.held.withLock { $0 += 1 }
                    await gate.pass()
                case .well, .refuses, .holds: break
                }
                let data = texts.enumerated().map { index, text -> JSON in
                    let numbers = text.utf8.reduce(into: [Int64](repeating: 1, count: 8)) {
                        $0[Int($1) % 8] += Int64($1)
                    }
                    return ["index": .int(Int64(index)), "embedding": .array(numbers.map { .int($0) })]
                }
                let answer: JSON = ["data": .array(data), "usage": ["total_tokens": .int(Int64(3 * texts.count))]]
                return HTTPResponse(status: 200, body: .bytes(answer.serialized()))
            }
        }

        var settings: [String: String] {
            [
                "SWITCHYARD_EMBEDDING_URL": receiver.url(""), "SWITCHYARD_EMBEDDING_MODEL": "endpoint",
                "SWITCHYARD_EMBEDDING_ALLOW": "127.0.0.1", "SWITCHYARD_EMBEDDING_PRICE": "1000000",
                "SWITCHYARD_LEASE": "2s",
            ]
        }
        /// How many requests have come to the gate.
        var held: Int { state.held.withLock { $0 } }

        func be(_ manner: Manner) { state.manner.withLock { $0 = manner } }

        func stop() async {
            gate.open()
            await receiver.stop()
        }
    }

    /// A text of so many paragraphs, each a chunk of its own.
    private static func cargo(_ paragraphs: Int, ending: String = "") -> JSON {
        let lines = (0..<paragraphs).map { "Crate \($0) holds pears and plums and quinces\(ending)." }
        return ["id": "cargo", "text": .string(lines.joined(separator: "\n\n"))]
    }

    private static func spec(_ texts: [JSON]) -> JSON {
        ["texts": .array(texts), "chunking": ["tokens": 20, "overlap": 0]]
    }

    @Test func whatWasRefusedIsEmbeddedByTheNextJob() async throws {
        let endpoint = try Endpoint()
        try await withStack(settings: endpoint.settings) { stack in
            try await stack.startGateway()
            try await stack.startWorker("EmbeddingsWorker")
            endpoint.be(.refuses("Crate 7 "))
            let first = try await stack.embed(Self.spec([Self.cargo(20)]))
            #expect(first["failed"] == 1 && first["chunks"] == 20 && first["embedded"] == 19, "\(first)")
            #expect(try await stack.search(["query": "crate", "mode": "text", "top_k": 50]).count == 19)
            endpoint.be(.well)
            let second = try await stack.embed(Self.spec([Self.cargo(20)]))
            #expect(second["failed"] == 0 && second["unchanged"] == 0 && second["embedded"] == 1, "\(second)")
            #expect(try await stack.search(["query": "crate", "mode": "text", "top_k": 50]).count == 20)
            let third = try await stack.embed(Self.spec([Self.cargo(20)]))
            #expect(third["unchanged"] == 1 && third["embedded"] == 0, "\(third)")
        }
        await endpoint.stop()
    }

    @Test func anEndpointThatRefusesEverythingTakesNothingAway() async throws {
        let endpoint = try Endpoint()
        try await withStack(settings: endpoint.settings) { stack in
            try await stack.startGateway()
            try await stack.startWorker("EmbeddingsWorker")
            _ = try await stack.embed(Self.spec([Self.cargo(20)]))
            endpoint.be(.refusesAll)
            let job = try await stack.submitEmbedding(Self.spec([Self.cargo(20, ending: " for Friday")]))
            try await stack.wait(for: [job], toBe: .failed, within: .seconds(120))
            let error = try await stack.api.get("/api/v1/jobs/\(job.text)").json["error"]
            #expect(error?["code"] == "provider_denied", "\(error ?? .null)")
            #expect(try await stack.search(["query": "crate", "mode": "text", "top_k": 50]).count == 20)
        }
        await endpoint.stop()
    }

    @Test func whatAKilledWorkerEmbeddedIsCounted() async throws {
        let endpoint = try Endpoint()
        try await withStack(settings: endpoint.settings) { stack in
            try await stack.startGateway()
            var worker = try await stack.startWorker("EmbeddingsWorker")
            let known: JSON = ["id": "known", "text": "a fig"]
            _ = try await stack.embed(Self.spec([known]))
            endpoint.be(.holds("Crate 200 "))
            let id = try await stack.submitEmbedding(Self.spec([known, Self.cargo(400)]))
            try await poll("the second window to be asked for", within: .seconds(60)) { endpoint.held > 0 }
            worker.kill()
            endpoint.be(.holds("Crate 300 "))
            let held = endpoint.held
            worker = try await stack.startWorker("EmbeddingsWorker")
            try await poll("the third window to be asked for", within: .seconds(60)) { endpoint.held > held }
            worker.kill()
            endpoint.be(.well)
            try await stack.startWorker("EmbeddingsWorker")
            try await stack.expectCompleted([id], within: .seconds(120))
            let result = try #require(try await stack.api.get("/api/v1/jobs/\(id.text)").json["result"])
            #expect(result["sources"] == 2 && result["chunks"] == 401 && result["failed"] == 0, "\(result)")
            #expect(result["embedded"] == 400 && result["reused"] == 1 && result["unchanged"] == 1, "\(result)")
            #expect(result["tokens"] == 1200 && result["cost"]?.doubleValue == 1200, "\(result)")
        }
        await endpoint.stop()
    }
}
