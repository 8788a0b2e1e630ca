import WorkerKit

/// The stages that texts pass through, a batch at a time.
///
/// - `read` gives sources, with the bytes of their texts.
/// - `chunk` takes sources and gives chunks.
/// - `embed` takes the chunks whose texts have no vector yet, and gives vectors.
/// - `store` takes chunks and gives those that are found from then on.
struct EmbeddingStages: Sendable {
    let read: Operator
    let chunk: Operator
    let embed: Operator
    let store: Operator

    init(_ context: JobContext) {
        read = context.operator("read", kind: .source)
        chunk = context.operator("chunk", kind: .transform)
        embed = context.operator("embed", kind: .transform)
        store = context.operator("store", kind: .sink)
    }
}
