import CEncoder

/// The memory in which one thread runs an encoder, and what it has done there.
final class Workspace {
    /// A row for each token: its vector, so far.
    let states: Floats
    /// A row for each token: what a layer adds to it.
    let scratch: Floats
    /// A row for each token: what its heads have seen.
    let context: Floats
    /// A row for each token: its query, key and value, or the middle of its feed-forward layer.
    let wide: Floats
    /// For the attention of one text.
    let attention: Floats
    private(set) var work = EncoderWork()

    /// - Parameter tokens: how many rows there are at most.
    init(_ settings: ModelSettings, tokens: Int) {
        states = Floats(count: tokens * settings.hidden)
        scratch = Floats(count: tokens * settings.hidden)
        context = Floats(count: tokens * settings.hidden)
        wide = Floats(count: tokens * max(3 * settings.hidden, settings.intermediate))
        attention = Floats(
            count: switchyard_attention_scratch(settings.maxTokens, settings.hidden / settings.heads))
    }

    /// Runs a product and counts it.
    func measure(_ layer: Linear, _ rows: Int, _ body: (Linear) -> Void) {
        work.products += ContinuousClock().measure { body(layer) }
        work.operations += 2 * rows * layer.columns * layer.depth
    }

    /// Runs a batch and counts it.
    func measure<Output>(_ body: () throws(EmbeddingError) -> Output) throws(EmbeddingError) -> Output {
        let start = ContinuousClock.now
        defer { work.busy += ContinuousClock.now - start }
        return try body()
    }
}

/// What encoders have done, for measurements.
public struct EncoderWork: Sendable, Equatable {
    /// The time of all threads together in encoders.
    public internal(set) var busy = Duration.zero
    /// The part of it in matrix products of layers, with their activations and without attention.
    public internal(set) var products = Duration.zero
    /// Multiplications and additions in these products.
    public internal(set) var operations = 0

    /// What both have done together.
    public static func + (left: EncoderWork, right: EncoderWork) -> EncoderWork {
        var sum = left
        sum.busy += right.busy
        sum.products += right.products
        sum.operations += right.operations
        return sum
    }
}
