import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs
import Search

extension Gateway {
    /// `POST /search`.
    func search(_ call: Call) async throws -> HTTPResponse {
        HTTPResponse(try await searches.search(try SearchRequest(call.json), namespace: call.namespace))
    }
}

extension SearchRequest {
    /// Reads a body that fits the call's schema.
    init(_ json: JSON) throws(Problem) {
        let text = json["query"]?.stringValue
        let vector = json["vector"]?.arrayValue?.compactMap { $0.doubleValue.map { Float($0) } }
        let asked = json["mode"]?.stringValue.flatMap(Mode.init(rawValue:))
        let count = json["top_k"]?.intValue ?? 10
        switch (text, vector) {
        case (nil, nil): throw .invalidField("", "Say what to look for: a query, or a vector.")
        case (let text, let vector?): self.init(vector: vector, text: text, count: count)
        case (let text?, nil): self.init(text: text, count: count)
        }
        if let asked { mode = asked }
        if let text, !text.contains(where: { !$0.isWhitespace }) {
            throw .invalidField("/query", "It has nothing to look for.")
        }
        if text == nil, mode != .vector { throw .invalidField("/query", "The mode \(mode.rawValue) needs a query.") }
        model = json["model"]?.stringValue
        minSimilarity = json["min_score"]?.doubleValue
        if minSimilarity != nil, mode == .text {
            throw .invalidField("/min_score", "The mode text compares no vectors.")
        }
        filter = ChunkFilter(json["filters"] ?? [:])
    }
}

extension ChunkFilter {
    fileprivate init(_ json: JSON) {
        let labels = json["labels"]?.objectValue ?? [:]
        self.init(
            labels: Dictionary(labels.map { ($0.key, $0.value.stringValue ?? "") }) { first, _ in first },
            kinds: (json["kinds"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(SourceKind.init(rawValue:)) },
            sources: (json["sources"]?.arrayValue ?? []).compactMap(\.stringValue),
            jobs: (json["jobs"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(UUID.init(text:)) })
    }
}
