import Embedding
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Synchronization
import TestKit
import Testing

/// What a server is asked to embed.
struct EmbeddingCall: Sendable {
    let model: String
    let texts: [String]
    let encoding: String
    let dimensions: Int?
    let authorization: String?

    init(_ body: [UInt8], authorization: String? = nil) {
        let json = (try? JSON.parse(body)) ?? .null
        model = json["model"]?.stringValue ?? ""
        texts = json["input"]?.arrayValue?.compactMap(\.stringValue) ?? []
        encoding = json["encoding_format"]?.stringValue ?? ""
        dimensions = json["dimensions"]?.intValue
        self.authorization = authorization
    }

    /// What an embedder sends first.
    var isProbe: Bool { texts.count == 1 && texts[0].hasSuffix("probe") }
}

/// The vectors that all servers of these tests give, and their answers.
enum KnownVectors {
    static let dimensions = 24

    /// A vector of no particular length that no other text has.
    static func of(_ text: String, dimensions: Int = dimensions) -> [Float] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var random = Seeded(state: hash)
        return (0..<dimensions).map { _ in Float.random(in: -3...3, using: &random) }
    }

    /// One entry of an answer's `data`.
    static func entry(_ index: Int, of call: EmbeddingCall) -> JSON {
        let vector = of(call.texts[index], dimensions: call.dimensions ?? dimensions)
        let embedding: JSON
        if call.encoding == "base64" {
            let bytes = vector.flatMap { number in withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init) }
            embedding = .string(Data(bytes).base64EncodedString())
        } else {
            embedding = .array(vector.map { .double(Double($0)) })
        }
        return ["object": "embedding", "index": .int(Int64(index)), "embedding": embedding]
    }

    static func answer(_ data: [JSON], tokens: Int?) -> HTTPResponse {
        var json: JSONObject = ["object": "list", "data": .array(data), "model": "m"]
        if let tokens { json["usage"] = ["prompt_tokens": .int(Int64(tokens)), "total_tokens": .int(Int64(tokens))] }
        return HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: .bytes(JSON.object(json).serialized()))
    }

    /// What a server answers that is well: each text has three tokens.
    static func answer(_ call: EmbeddingCall) -> HTTPResponse {
        answer(call.texts.indices.map { entry($0, of: call) }, tokens: 3 * call.texts.count)
    }
}

/// A server on loopback that embeds texts, and fails as a test wants it to.
final class EmbeddingServer: Sendable {
    /// Gets a call and how many came before it, probes aside; nil is what a server answers that is well.
    typealias Fault = @Sendable (EmbeddingCall, Int) async -> HTTPResponse?

    private let log: Calls
    private let receiver: Receiver

    /// The calls, shared with the handler.
    private final class Calls: Sendable {
        let all = Mutex<[EmbeddingCall]>([])
    }

    init(fault: @escaping Fault = { _, _ in nil }) throws {
        let log = Calls()
        self.log = log
        receiver = try Receiver(HTTPServerConfiguration(maxCollectedBody: 64 << 20)) { request, _ in
            guard request.method == "POST", request.path == "/v1/embeddings" else { return HTTPResponse(status: 404) }
            let call = EmbeddingCall(request.bytes, authorization: request.headers["Authorization"])
            let count = log.all.withLock { calls in
                calls.append(call)
                return calls.count { !$0.isProbe } - 1
            }
            let answer = call.isProbe ? nil : await fault(call, count)
            return answer ?? KnownVectors.answer(call)
        }
    }

    /// All calls, in order.
    var calls: [EmbeddingCall] { log.all.withLock { $0 } }

    func stop() async { await receiver.stop() }

    /// Quick to try again, so that a test does not wait long.
    func settings(_ change: (inout HTTPEmbedderSettings) -> Void = { _ in }) throws -> HTTPEmbedderSettings {
        try .quick(port: receiver.port, change)
    }

    func embedder(_ change: (inout HTTPEmbedderSettings) -> Void = { _ in }) async throws -> HTTPEmbedder {
        try await .connect(settings(change), client: .loopback)
    }
}

extension HTTPEmbedderSettings {
    static func quick(port: UInt16, _ change: (inout Self) -> Void = { _ in }) throws -> Self {
        var settings = HTTPEmbedderSettings(
            base: try WebURL("http://127.0.0.1:\(port)"), model: "known", key: "sk-secret-key")
        settings.patience.timeout = .seconds(20)
        settings.patience.backoff.base = .milliseconds(5)
        settings.patience.backoff.cap = .milliseconds(40)
        settings.patience.total = .seconds(60)
        change(&settings)
        return settings
    }
}

extension WebClient {
    static let loopback = WebClient(addresses: AddressPolicy(["127.0.0.1"]) ?? AddressPolicy())
}

extension HTTPResponse {
    static func json(_ json: JSON, status: Int, headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: .bytes(json.serialized()))
    }
}

/// Texts that differ, of differing length.
func sampleTexts(_ count: Int) -> [String] {
    (0..<count).map { "text \($0) " + String(repeating: "lorem ipsum ", count: $0 % 7) }
}

/// Each text has the vector that the servers know, or the error that is expected of it.
func expectVectors(
    _ results: [Result<EmbeddedText, EmbeddingError>], of texts: [String],
    except errors: [Int: EmbeddingError.Code] = [:],
    at location: SourceLocation = #_sourceLocation
) {
    #expect(results.count == texts.count, sourceLocation: location)
    for (index, (text, result)) in zip(texts, results).enumerated() {
        switch result {
        case .failure(let error):
            #expect(errors[index] == error.code, "\(index): \(error)", sourceLocation: location)
            #expect(!error.message.contains("sk-secret"), sourceLocation: location)
        case .success(let embedded):
            #expect(errors[index] == nil, "\(index) has a vector", sourceLocation: location)
            let known = KnownVectors.of(text, dimensions: embedded.vector.count)
            let norm = known.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let isNear = zip(embedded.vector, known).allSatisfy { abs($0 - $1 / norm) < 1e-5 }
            #expect(isNear && embedded.vector.count == KnownVectors.dimensions, "\(index)", sourceLocation: location)
        }
    }
}
