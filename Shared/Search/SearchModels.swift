import Embedding

/// The models that can turn a query into a vector here.
public struct SearchModels: Sendable {
    /// The model of requests that name none: the first one; nil when there is none at all.
    public let standard: EmbeddingModel?
    private let embedders: [String: any Embedder]

    /// Takes the embedders, the operator's standard first; of two of the same name the first counts.
    public init(_ embedders: [any Embedder] = []) {
        standard = embedders.first?.model
        self.embedders = Dictionary(embedders.map { ($0.model.name, $0) }) { first, _ in first }
    }

    /// The embedder of a model; nil when texts cannot be embedded by it here.
    func embedder(named name: String) -> (any Embedder)? { embedders[name] }
}
