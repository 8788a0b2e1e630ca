import Embedding
import Telemetry

/// What an endpoint has been asked, on the worker's `/metrics`.
enum EndpointMetrics {
    /// Shows an endpoint's counters; calls after the first one, whose embedder stays open, change nothing.
    static func show(_ embedder: HTTPEmbedder) {
        func show(_ name: String, _ help: String, _ value: @escaping @Sendable (HTTPEmbedderCounters) -> Double) {
            Metrics.shared.counter("switchyard_embedding_\(name)_total", help: help) { value(embedder.counters) }
        }
        show("requests", "Requests to the endpoint, repeated ones included.") { Double($0.requests) }
        show("retries", "Requests that had to be sent again.") { Double($0.retries) }
        show("waits", "How often the endpoint was given time.") { Double($0.waits) }
        show("waited_seconds", "How much time it was given.") { $0.waited / .seconds(1) }
        show("splits", "Batches that were cut in two because they were refused.") { Double($0.splits) }
        show("repairs", "Texts that were asked for once more because their vectors were none.") { Double($0.repairs) }
        show("tokens", "Tokens that the endpoint has read.") { Double($0.tokens) }
        show("cost", "What they cost, by the price that is set.") { $0.cost }
    }
}
