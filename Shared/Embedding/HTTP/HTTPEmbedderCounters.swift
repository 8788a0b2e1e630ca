/// What an embedder has asked of its endpoint so far, for the metrics of whoever uses it.
public struct HTTPEmbedderCounters: Sendable, Equatable {
    /// Requests that were sent, repeated ones included.
    public internal(set) var requests = 0
    /// Requests that had to be sent again: no usable answer, or a request to slow down.
    public internal(set) var retries = 0
    /// How often the endpoint was given time.
    public internal(set) var waits = 0
    /// How much time that was.
    public internal(set) var waited = Duration.zero
    /// Batches that were cut in two because the endpoint refused them.
    public internal(set) var splits = 0
    /// Texts that were asked for once more because their vectors were no vectors.
    public internal(set) var repairs = 0
    /// Tokens that the endpoint says it has read, or about as many where it does not say.
    public internal(set) var tokens = 0
    /// What those cost, by the price that was set.
    public internal(set) var cost = 0.0
}
