import Embedding
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Synchronization
import TestKit
import Testing

/// With an endpoint that fails: no text is lost, none gets a wrong vector, and each ends with its vector or its reason.
@Suite(.timeLimit(.minutes(2)))
struct FaultyEndpointTests {
    private let texts = sampleTexts(64)

    private func error(of operation: () async throws -> Void) async -> EmbeddingError? {
        do {
            try await operation()
            return nil
        } catch {
            return error as? EmbeddingError
        }
    }

    private func date(in seconds: TimeInterval) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: Date() + seconds)
    }

    // MARK: an endpoint that wants time

    @Test(arguments: ["", "1", "date", "nonsense", "-3"])
    func stormsOf429AreWaitedOut(retryAfter: String) async throws {
        let header = retryAfter == "date" ? date(in: 2) : retryAfter
        let server = try EmbeddingServer { _, count in
            guard count < 10 else { return nil }
            return HTTPResponse(status: 429, headers: count == 0 && !header.isEmpty ? [("Retry-After", header)] : [])
        }
        // A storm is no fault, however few tries there are.
        let embedder = try await server.embedder {
            $0.batch.items = 8
            $0.patience.tries = 1
        }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        let counters = embedder.counters
        #expect(counters.requests == 1 + 8 + 10 && counters.retries == 10 && counters.waits > 0)
        // How long it chose to wait; a date may be a second nearer when it is read.
        #expect(counters.waited >= (["1", "date"].contains(retryAfter) ? .milliseconds(900) : .zero))
        await server.stop()
    }

    @Test func aWaitThatIsAskedForHasALimit() async throws {
        let server = try EmbeddingServer { _, count in
            count < 2 ? HTTPResponse(status: 503, headers: [("Retry-After", "86400")]) : nil
        }
        let embedder = try await server.embedder {
            $0.patience.longestWait = .milliseconds(20)
            $0.patience.tries = 1
        }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(embedder.counters.waited < .seconds(10))
        await server.stop()
    }

    @Test func aStormWithoutEndEndsTheCall() async throws {
        let server = try EmbeddingServer { _, _ in
            .json(["error": ["message": "Rate limit\nof sk-secret-key reached"]], status: 429)
        }
        let embedder = try await server.embedder { $0.patience.total = .milliseconds(300) }
        let error = await error { _ = try await embedder.embed(texts, as: .passage) }
        #expect(error?.code == .unavailable)
        let message = try #require(error?.message)
        #expect(message.contains("429: Rate limit of *** reached"), "\(message)")
        await server.stop()
    }

    @Test func allBatchesWaitTogetherAndComeBackOneByOne() async throws {
        let state = Mutex((running: 0, most: 0))
        let arrived = Mutex(0)
        let all = Gate()
        let server = try EmbeddingServer { _, count in
            if count < 4 {
                // Four are under way together, and told so together.
                if arrived.withLock({
                    $0 += 1; return $0 == 4
                }) {
                    all.open()
                }
                await all.pass()
                return HTTPResponse(status: 429)
            }
            guard count < 8 else { return nil }
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            try? await Task.sleep(for: .milliseconds(30))
            state.withLock { $0.running -= 1 }
            return HTTPResponse(status: 500)
        }
        let embedder = try await server.embedder {
            $0.batch.items = 4
            $0.concurrency = 4
        }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(state.withLock { $0.most } == 1)
        #expect(embedder.counters.waits == 5, "four failures of one moment are one")
        await server.stop()
    }

    // MARK: an endpoint that is broken

    @Test(arguments: [500, 502, 503, 504, 529, 408])
    func faultsOfServersPass(status: Int) async throws {
        let server = try EmbeddingServer { _, count in count < 3 ? HTTPResponse(status: status) : nil }
        // What is away comes back, however few tries there are for answers that are none.
        let embedder = try await server.embedder {
            $0.batch.items = 8
            $0.patience.tries = 1
        }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        await server.stop()
    }

    @Test func faultsWithoutEndEndTheCall() async throws {
        let server = try EmbeddingServer { _, _ in .text("upstream is away", status: 502) }
        let embedder = try await server.embedder {
            $0.concurrency = 1
            $0.patience.tries = 1
            $0.patience.total = .milliseconds(300)
        }
        let error = await error { _ = try await embedder.embed(texts, as: .passage) }
        #expect(error?.code == .unavailable && error?.message.contains("502: upstream is away") ?? false)
        #expect(server.calls.count > 1 + 1, "the time counts, not the tries")
        await server.stop()
    }

    @Test(arguments: [RawServer.Manner.reset, .close, .half, .drip, .noise])
    func brokenConnectionsAreTriedAgain(manner: RawServer.Manner) async throws {
        // The first connection is the probe's.
        let server = try RawServer { (1...3).contains($0) ? manner : .well }
        let settings = try HTTPEmbedderSettings.quick(port: server.port) {
            $0.batch.items = 16
            $0.concurrency = 2
            $0.patience.timeout = manner == .drip ? .milliseconds(300) : .seconds(20)
        }
        let embedder = try await HTTPEmbedder.connect(settings, client: .loopback)
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(server.connections == 1 + 4 + 3 && embedder.counters.retries == 3)
        server.stop()
    }

    @Test(arguments: [RawServer.Manner.reset, .close, .half, .drip, .noise])
    func connectionsThatStayBrokenEndTheCall(manner: RawServer.Manner) async throws {
        let server = try RawServer { $0 == 0 ? .well : manner }
        let settings = try HTTPEmbedderSettings.quick(port: server.port) {
            $0.patience.tries = 2
            $0.patience.total = .milliseconds(300)
            $0.patience.timeout = manner == .drip ? .milliseconds(300) : .seconds(20)
        }
        let embedder = try await HTTPEmbedder.connect(settings, client: .loopback)
        #expect(await error { _ = try await embedder.embed(["a"], as: .passage) }?.code == .unavailable)
        server.stop()
    }

    @Test func nobodyListens() async throws {
        let server = try RawServer { _ in .well }
        server.stop()
        let settings = try HTTPEmbedderSettings.quick(port: server.port) { $0.patience.total = .milliseconds(300) }
        #expect(await error { _ = try await HTTPEmbedder.connect(settings, client: .loopback) }?.code == .unavailable)
    }

    @Test(arguments: ["html", "empty", "list", "message", "deep"])
    func answersThatAreNoneAreTriedAgain(kind: String) async throws {
        let bodies = [
            "html": "<html><body>Sign in</body></html>", "empty": "", "list": "[1, 2]",
            "message": #"{"error": {"message": "the model is loading"}}"#, "deep": String(repeating: "[", count: 5000),
        ]
        let body = bodies[kind] ?? ""
        let server = try EmbeddingServer { call, count in
            count < 2 || call.texts == ["stays"] ? .text(body) : nil
        }
        let embedder = try await server.embedder { $0.batch.items = 32 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        let error = await error { _ = try await embedder.embed(["stays"], as: .passage) }
        #expect(error?.code == .unavailable)
        #expect(server.calls.filter { $0.texts == ["stays"] }.count == 6)
        #expect(kind != "message" || error?.message.contains("the model is loading") ?? false)
        await server.stop()
    }

    @Test func answersHaveALimitInBytes() async throws {
        let server = try EmbeddingServer { _, count in
            guard count < 2 else { return nil }
            return HTTPResponse(
                status: 200,
                body: .stream { writer in while true { try await writer.write([UInt8](repeating: 0x20, count: 65_536)) }
                })
        }
        let embedder = try await server.embedder { $0.batch.items = 64 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(embedder.counters.retries == 2)
        await server.stop()
    }

    // MARK: vectors that are none

    /// What a server makes of an answer's entries for the text at index 5.
    private static let damages: [String: @Sendable ([JSON]) -> [JSON]] = [
        "null": { replace($0, .null) }, "nulls": { replace($0, .array(Array(repeating: .null, count: 24))) },
        "short": { replace($0, .array(Array(repeating: 0.5, count: 23))) },
        "long": { replace($0, .array(Array(repeating: 0.5, count: 25))) },
        "none": { replace($0, .array([])) }, "zero": { replace($0, .array(Array(repeating: 0.0, count: 24))) },
        "tiny": { replace($0, .array(Array(repeating: 1e-30, count: 24))) },
        "huge": { replace($0, .array(Array(repeating: 1e300, count: 24))) },
        "words": { replace($0, .array(Array(repeating: "NaN", count: 24))) },
        "text": { replace($0, "not base64!") }, "odd base64": { replace($0, "AAAA") },
        "NaN in base64": {
            replace($0, .string(Data((0..<24).flatMap { _ in [0, 0, 0xC0, 0x7F] as [UInt8] }).base64EncodedString()))
        },
        "missing": { data in data.filter { $0["index"]?.intValue != 5 } },
        "doubled": { $0 + [$0[5]] },
        "index of another": { data in data.map { $0["index"]?.intValue == 5 ? with($0, index: 6) : $0 } },
        "index beyond": { data in data.map { $0["index"]?.intValue == 5 ? with($0, index: 64) : $0 } },
        "no index": { data in data.map { $0["index"]?.intValue == 5 ? ["embedding": $0["embedding"] ?? .null] : $0 } },
    ]

    private static func replace(_ data: [JSON], _ embedding: JSON) -> [JSON] {
        data.map { entry in
            guard entry["index"]?.intValue == 5, var object = entry.objectValue else { return entry }
            object["embedding"] = embedding
            return .object(object)
        }
    }

    private static func with(_ entry: JSON, index: Int64) -> JSON {
        ["index": .int(index), "embedding": entry["embedding"] ?? .null]
    }

    @Test(arguments: damages.keys.sorted())
    func oneBadVectorIsAskedForOnceMore(damage: String) async throws {
        let change = try #require(Self.damages[damage])
        let server = try EmbeddingServer { call, count in
            let data = call.texts.indices.map { KnownVectors.entry($0, of: call) }
            return KnownVectors.answer(call.texts.count == 64 ? change(data) : data, tokens: nil)
        }
        let embedder = try await server.embedder { $0.batch.items = 64 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        // Where the index of another was given, that one's vector is in doubt too.
        let repairs = damage == "index of another" ? 2 : 1
        #expect(embedder.counters.repairs == repairs && server.calls.count == 2 + repairs)
        await server.stop()
    }

    @Test(arguments: ["NaN", "-Infinity", "Infinity", "null", "1e39", "0.5, 0.5", "\"x\""])
    func oneBadVectorThatStaysBadEndsItsTextOnly(number: String) async throws {
        let text = texts[5]
        let server = try EmbeddingServer { call, _ in
            let float = EmbeddingCall(
                JSON.object(["input": .array(call.texts.map { .string($0) }), "encoding_format": "float"]).serialized())
            let entries = call.texts.indices.map { index in
                guard call.texts[index] == text else { return "\(KnownVectors.entry(index, of: float))" }
                let numbers = Array(repeating: "0.25", count: 23).joined(separator: ",")
                return "{\"index\": \(index), \"embedding\": [\(numbers), \(number)], \"x\": \"\\\"NaN\"}"
            }
            return .text("{\"data\": [\(entries.joined(separator: ","))]}")
        }
        let embedder = try await server.embedder { $0.batch.items = 64 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts, except: [5: .badVector])
        #expect(server.calls.count == 3)
        await server.stop()
    }

    @Test func theOrderOfAnAnswerMeansNothing() async throws {
        let server = try EmbeddingServer { call, count in
            var random = Seeded(state: UInt64(count))
            let data = call.texts.indices.map { KnownVectors.entry($0, of: call) }
            return KnownVectors.answer(data.shuffled(using: &random), tokens: 9)
        }
        let embedder = try await server.embedder { $0.batch.items = 16 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(embedder.counters.repairs == 0)
        await server.stop()
    }

    @Test(arguments: [Int.max, -1, Int.min])
    func absurdCountsOfTokensAreNotTaken(tokens: Int) async throws {
        let server = try EmbeddingServer { call, _ in
            KnownVectors.answer(call.texts.indices.map { KnownVectors.entry($0, of: call) }, tokens: tokens)
        }
        let embedder = try await server.embedder()
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect((1...10_000).contains(embedder.counters.tokens))
        await server.stop()
    }

    // MARK: texts that are refused

    @Test(arguments: [400, 413, 422])
    func oneBadTextAmongManyIsFound(status: Int) async throws {
        let server = try EmbeddingServer { [texts] call, _ in
            guard call.texts.contains(texts[41]) || call.texts.contains(texts[42]) else { return nil }
            return .json(
                ["error": .string("bad " + String(repeating: "word ", count: 500))], status: status)
        }
        let embedder = try await server.embedder { $0.batch.items = 64 }
        let results = try await embedder.embed(texts, as: .passage)
        expectVectors(results, of: texts, except: [41: .refused, 42: .refused])
        guard case .failure(let error) = results[41] else { return }
        #expect(error.message.contains("\(status): bad word") && error.message.utf8.count < 500)
        // Two ways down a tree of six levels, and the probe.
        #expect(server.calls.count <= 1 + 1 + 4 * 6 && embedder.counters.splits >= 6)
        await server.stop()
    }

    @Test func batchesThatAreTooLargeAreCut() async throws {
        let server = try EmbeddingServer { call, _ in call.texts.count > 8 ? HTTPResponse(status: 413) : nil }
        let embedder = try await server.embedder { $0.batch.items = 64 }
        expectVectors(try await embedder.embed(texts, as: .passage), of: texts)
        #expect(embedder.counters.splits == 7)
        await server.stop()
    }

    @Test(arguments: [401, 403, 404, 302])
    func whatIsDeniedEndsTheCallAtOnce(status: Int) async throws {
        let server = try EmbeddingServer { _, _ in
            .json(
                ["error": ["message": "Incorrect API key provided: sk-secret-key"]], status: status,
                headers: [("Location", "/v1/embeddings")])
        }
        let embedder = try await server.embedder { $0.concurrency = 1 }
        let error = await error { _ = try await embedder.embed(texts, as: .passage) }
        #expect(error?.code == .denied && server.calls.count == 2)
        let message = try #require(error?.message)
        #expect(message.contains("\(status)") && !message.contains("sk-secret") && message.contains("127.0.0.1"))
        await server.stop()
    }

    @Test(arguments: [400, 409, 413, 422])
    func whatIsRefusedOfEveryTextIsDenied(status: Int) async throws {
        let isOpen = Mutex(true)
        let receiver = try Receiver { request, _ in
            let call = EmbeddingCall(request.bytes)
            guard isOpen.withLock({ $0 }) else { return .json(["message": "no such deployment"], status: status) }
            return call.texts.contains("bad") ? HTTPResponse(status: status) : KnownVectors.answer(call)
        }
        let settings = try HTTPEmbedderSettings.quick(port: receiver.port)
        let embedder = try await HTTPEmbedder.connect(settings, client: .loopback)
        // One bad text alone is its own fault.
        expectVectors(
            try await embedder.embed(["bad", ""], as: .passage), of: ["bad", ""], except: [0: .refused, 1: .empty])
        isOpen.withLock { $0 = false }
        let error = await error { _ = try await embedder.embed(Array(texts.prefix(3)), as: .passage) }
        #expect(error?.code == .denied && error?.message.contains("no such deployment") ?? false)
        await receiver.stop()
    }

    @Test(arguments: [200, 401, 502])
    func noPartOfTheKeyIsShown(status: Int) async throws {
        let server = try EmbeddingServer { call, _ in
            // Where the text is cut, there is the key.
            let words = String(repeating: "w", count: Int(call.texts[0]) ?? 0) + "sk-secret-key is wrong"
            return status == 401
                ? .text(words, status: status) : .json(["error": ["message": .string(words)]], status: status)
        }
        for length in [0, 280, 288, 297, 300] {
            let embedder = try await server.embedder {
                $0.patience.tries = 1
                $0.patience.total = .milliseconds(1)
            }
            let error = await error { _ = try await embedder.embed(["\(length)"], as: .passage) }
            let message = try #require(error?.message)
            #expect(!message.contains("sk") && message.contains("\(status)") && message.utf8.count < 500, "\(message)")
        }
        await server.stop()
    }

    @Test func addressesThatAreNotAllowedAreDenied() async throws {
        let server = try EmbeddingServer()
        let settings = try server.settings()
        #expect(await error { _ = try await HTTPEmbedder.connect(settings, client: WebClient()) }?.code == .denied)
        #expect(server.calls.isEmpty)
        await server.stop()
    }

    @Test func aServerWithoutBase64IsAskedForNumbers() async throws {
        let receiver = try Receiver { request, _ in
            let call = EmbeddingCall(request.bytes)
            if call.encoding == "base64" {
                return .json(["detail": "encoding_format base64 is not supported"], status: 400)
            }
            return call.texts.contains("bad") ? HTTPResponse(status: 400) : KnownVectors.answer(call)
        }
        let settings = try HTTPEmbedderSettings.quick(port: receiver.port) { $0.batch.items = 8 }
        let embedder = try await HTTPEmbedder.connect(settings, client: .loopback)
        expectVectors(
            try await embedder.embed(texts + ["bad"], as: .passage), of: texts + ["bad"], except: [64: .refused])
        let encodings = receiver.requests.map { EmbeddingCall($0.bytes).encoding }
        #expect(encodings.filter { $0 == "base64" }.count == 1 && encodings.count == 2 + 9)
        await receiver.stop()
    }

    @Test func aProbeThatFailsSaysWhy() async throws {
        let receiver = try Receiver { request, _ in
            let call = EmbeddingCall(request.bytes)
            if call.dimensions != nil {
                return .json(["message": "this model has no dimensions to choose"], status: 400)
            }
            return KnownVectors.answer([["index": 0, "embedding": [0, 0, 0]]], tokens: 1)
        }
        var settings = try HTTPEmbedderSettings.quick(port: receiver.port)
        #expect(await error { _ = try await HTTPEmbedder.connect(settings, client: .loopback) }?.code == .model)
        settings.dimensions = 8
        let denied = await error { _ = try await HTTPEmbedder.connect(settings, client: .loopback) }
        #expect(denied?.code == .denied && denied?.message.contains("no dimensions to choose") ?? false)
        await receiver.stop()
    }
}
