import Config
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Synchronization
import TestKit
import Testing

@testable import Embedding

/// With an endpoint that is well.
struct HTTPEmbedderTests {
    @Test(arguments: HTTPEmbedderSettings.Encoding.allCases)
    func everyTextHasItsVector(encoding: HTTPEmbedderSettings.Encoding) async throws {
        let server = try EmbeddingServer()
        let embedder = try await server.embedder {
            $0.encoding = encoding
            $0.batch = .init(items: 16, tokens: 200, bytes: 2000)
            $0.pricePerMillionTokens = 20
        }
        #expect(embedder.model.name == "known" && embedder.model.dimensions == KnownVectors.dimensions)
        let texts = sampleTexts(300)
        let results = try await embedder.embed(texts, as: .passage)
        expectVectors(results, of: texts)
        let calls = server.calls.dropFirst()
        #expect(calls.allSatisfy { $0.texts.count <= 16 && $0.encoding == encoding.rawValue && $0.model == "known" })
        #expect(calls.allSatisfy { $0.authorization == "Bearer sk-secret-key" && $0.dimensions == nil })
        let tokenizer = EstimatingTokenizer()
        #expect(calls.allSatisfy { $0.texts.reduce(0) { $0 + tokenizer.count(of: $1) } <= 200 })
        #expect(calls.contains { $0.texts.count < 16 }, "the tokens end some batches")
        // The server's count, not the estimate; the probe has three tokens too.
        let counters = embedder.counters
        #expect(counters.tokens == 903 && abs(counters.cost - 903 * 20 / 1e6) < 1e-12)
        #expect(counters.requests == server.calls.count && counters.retries == 0 && counters.waits == 0)
        #expect(results.reduce(0) { $0 + ((try? $1.get().tokens) ?? 0) } == 900)
        await server.stop()
    }

    @Test func numbersAreTakenWhateverWasAskedFor() async throws {
        let server = try EmbeddingServer { call, _ in
            let floats = EmbeddingCall(
                JSON.object(["input": .array(call.texts.map { .string($0) }), "encoding_format": "float"]).serialized())
            return KnownVectors.answer(call.texts.indices.map { KnownVectors.entry($0, of: floats) }, tokens: nil)
        }
        let embedder = try await server.embedder()
        let texts = sampleTexts(5)
        let results = try await embedder.embed(texts, as: .passage)
        expectVectors(results, of: texts)
        let estimate = texts.map(EstimatingTokenizer().count(of:))
        #expect(try results.map { try $0.get().tokens } == estimate, "a server that counts nothing")
        await server.stop()
    }

    @Test func dimensionsAreAskedForWhereWanted() async throws {
        let server = try EmbeddingServer()
        let embedder = try await server.embedder { $0.dimensions = 7 }
        #expect(embedder.model.dimensions == 7)
        let vector = try #require(try await embedder.embed(["a"], as: .query).first).get().vector
        #expect(vector.count == 7 && server.calls.allSatisfy { $0.dimensions == 7 })
        await server.stop()
    }

    @Test func rolesHavePrefixesAndModelsTellThemApart() async throws {
        let server = try EmbeddingServer()
        let embedder = try await server.embedder {
            $0.queryPrefix = "query: "
            $0.passagePrefix = "passage: "
        }
        _ = try await embedder.embed(["what"], as: .query)
        _ = try await embedder.embed(["that"], as: .passage)
        #expect(server.calls.map(\.texts) == [["passage: probe"], ["query: what"], ["passage: that"]])
        let plain = try await server.embedder()
        let other = try await server.embedder { $0.dimensions = 7 }
        #expect(Set([embedder, plain, other].map(\.model.revision)).count == 3)
        #expect(try await server.embedder { $0.queryPrefix = "query: " }.model.revision == plain.model.revision)
        await server.stop()
    }

    @Test func whatCannotBeEmbeddedIsNotSent() async throws {
        let server = try EmbeddingServer()
        let embedder = try await server.embedder {
            $0.maxTokens = 10
            $0.batch.bytes = 100
        }
        let texts = ["", " \n", "ok", String(repeating: "a ", count: 11), String(repeating: " ", count: 200) + "b"]
        let results = try await embedder.embed(texts, as: .passage)
        expectVectors(results, of: texts, except: [0: .empty, 1: .empty, 3: .tooLong, 4: .tooLong])
        #expect(server.calls.dropFirst().map(\.texts) == [["ok"]])
        #expect(try await embedder.embed([], as: .passage).isEmpty)
        await server.stop()
    }

    @Test func aFullChunkFitsBehindThePrefix() async throws {
        let server = try EmbeddingServer()
        let embedder = try await server.embedder {
            $0.maxTokens = 40
            $0.queryPrefix = "query: "
            $0.passagePrefix = "represent this passage for retrieval: ab"
        }
        let chunker = try TextChunker(tokenizer: embedder.tokenizer, limit: embedder.model.maxTokens, overlap: 0)
        let text = (0..<300).map { "word\($0)" }.joined(separator: " ") + " " + String(repeating: "abcd", count: 300)
        let chunks = chunker.chunks(of: text).map(\.text)
        let estimator = EstimatingTokenizer()
        #expect(chunks.contains { estimator.count(of: $0) == embedder.model.maxTokens })
        for result in try await embedder.embed(chunks, as: .passage) {
            #expect(throws: Never.self) { try result.get() }
        }
        await server.stop()
    }

    @Test func prefixesLeaveRoomForATextOrAreRefused() throws {
        var variables = [
            "SWITCHYARD_EMBEDDING_URL": "https://h/v1", "SWITCHYARD_EMBEDDING_MODEL": "m",
            "SWITCHYARD_EMBEDDING_MAX_TOKENS": "10", "SWITCHYARD_EMBEDDING_PASSAGE_PREFIX": "a b",
        ]
        #expect(try HTTPEmbedderSettings(Environment(variables))?.room == 8)
        variables["SWITCHYARD_EMBEDDING_QUERY_PREFIX"] = "a b c"
        let error = #expect(throws: ConfigError.self) { try HTTPEmbedderSettings(Environment(variables)) }
        #expect("\(try #require(error))".contains("at least 11"))
    }

    @Test func addressesAreCompleted() throws {
        let endpoint = { (text: String) in
            try HTTPEmbedderSettings(base: try WebURL(text), model: "m").endpoint.text
        }
        #expect(try endpoint("https://api.openai.com/v1") == "https://api.openai.com/v1/embeddings")
        #expect(try endpoint("https://api.openai.com/v1/") == "https://api.openai.com/v1/embeddings")
        #expect(try endpoint("http://ollama:11434") == "http://ollama:11434/v1/embeddings")
        #expect(try endpoint("http://tei/a/v1/embeddings") == "http://tei/a/v1/embeddings")
        #expect(try endpoint("https://h/d/x?api-version=1") == "https://h/d/x/embeddings?api-version=1")
    }

    @Test func settingsAreReadFromTheEnvironment() throws {
        let none = try HTTPEmbedderSettings(Environment([:]))
        #expect(none?.model == nil)
        var variables = [
            "SWITCHYARD_EMBEDDING_URL": "https://h/v1", "SWITCHYARD_EMBEDDING_MODEL": "m",
            "SWITCHYARD_EMBEDDING_KEY": "k", "SWITCHYARD_EMBEDDING_DIMENSIONS": "256",
            "SWITCHYARD_EMBEDDING_BATCH_TOKENS": "99", "SWITCHYARD_EMBEDDING_ENCODING": "float",
            "SWITCHYARD_EMBEDDING_PRICE": "0.02", "SWITCHYARD_EMBEDDING_QUERY_PREFIX": "query: ",
            "SWITCHYARD_EMBEDDING_TIMEOUT": "5s",
        ]
        let settings = try #require(try HTTPEmbedderSettings(Environment(variables)))
        #expect(settings.base.text == "https://h/v1" && settings.model == "m" && settings.key == "k")
        #expect(settings.dimensions == 256 && settings.batch.tokens == 99 && settings.encoding == .float)
        #expect(settings.pricePerMillionTokens == 0.02 && settings.prefix(.query) == "query: ")
        #expect(settings.patience.timeout == .seconds(5) && settings.prefix(.passage).isEmpty)
        variables["SWITCHYARD_EMBEDDING_PRICE"] = "free"
        #expect(throws: ConfigError.self) { try HTTPEmbedderSettings(Environment(variables)) }
        variables["SWITCHYARD_EMBEDDING_URL"] = "https://user:secret@h/"
        let error = #expect(throws: ConfigError.self) { try HTTPEmbedderSettings(Environment(variables)) }
        #expect(!"\(try #require(error))".contains("secret"))
    }

    @Test func settingsDoNotShowTheKey() throws {
        var settings = HTTPEmbedderSettings(base: try WebURL("https://h/secret-path"), model: "m", key: "sk-secret-key")
        settings.dimensions = 3
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] { #expect(!text.contains("secret")) }
    }

    @Test func aCancelledTaskEnds() async throws {
        let gate = Gate()
        let server = try EmbeddingServer { _, _ in
            gate.open()
            return HTTPResponse(status: 429, headers: [("Retry-After", "50")])
        }
        let embedder = try await server.embedder { $0.concurrency = 1 }
        let task = Task { try await embedder.embed(sampleTexts(100), as: .passage) }
        await gate.pass()
        task.cancel()
        let result = await task.result
        #expect(throws: EmbeddingError(.cancelled, "the embedding was cancelled")) { try result.get() }
        await server.stop()
    }
}
