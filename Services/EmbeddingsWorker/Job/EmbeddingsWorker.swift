import Embedding
import Foundation
import JSON
import Jobs
import WorkerKit

/// Runs `batch_embedding`: reads, cuts, embeds and stores a few sources at a time.
///
/// Order of effects for a batch (see `EmbeddingBatch`): its chunks and vectors are committed, each source is searched with the commit that ends
/// it, the checkpoint that says how far the job is comes last. Checkpoints in between stand at the batch's beginning and say what was counted since. A
/// later attempt reads again what no checkpoint tells of, finds what is there already by the hashes of the texts, and embeds none of it again.
struct EmbeddingsWorker: Worker {
    /// What a checkpoint says, of one space and one way to cut texts: with others, everything is to be done anew.
    private struct Mark: Codable, Sendable {
        /// Nil where an earlier version wrote it, which knew no space.
        let space: Int32?
        let chunker: String?
        let position: SourceReader.Position
        let counts: EmbeddingTally
    }

    /// One embeds while the other reads and writes.
    static let defaultSlots = 2
    static func jobType() throws -> JobType { try BatchEmbedding.jobType() }

    /// Tokens that models add to a text.
    private static let addedTokens = 2
    /// The most tokens of a chunk whatever the model reads: as many as a chunk of the most bytes may have.
    private static let mostTokens = EmbeddedChunk.maxTextBytes / TextChunker.bytesPerToken

    let models: EmbeddingModels

    func perform(_ input: BatchEmbedding, in context: JobContext) async throws -> Outcome<EmbeddedSources> {
        do {
            let embedder = try await models.embedder(named: input.model)
            if let endpoint = embedder as? HTTPEmbedder { EndpointMetrics.show(endpoint) }
            return try await embed(input, by: embedder, context)
        } catch let error as EmbeddingError {
            switch error.code {
            case .model, .denied: return .reject(error.failure)
            case .cancelled: throw CancellationError()
            // Another attempt may find the provider well again.
            default: throw error.failure
            }
        }
    }

    private func embed(
        _ input: BatchEmbedding, by embedder: any Embedder, _ context: JobContext
    ) async throws -> Outcome<EmbeddedSources> {
        let model = embedder.model
        let cutter: SourceCutter
        do { cutter = try Self.cutter(input.chunking, embedder) } catch let failure as JobFailure {
            return .reject(failure)
        }
        let space = try await context.transaction { [namespace = context.namespace] session in
            try EmbeddingSpace.open(
                namespace: namespace, model: model.name, revision: model.revision, dimensions: model.dimensions, session
            )
        }
        let reader = SourceReader(spec: input, context: context)
        let total: Int
        do { total = try await reader.count() } catch let failure as JobFailure { return .reject(failure) }
        let saved = try context.checkpoint(as: Mark.self)
        let mark = saved.flatMap { $0.space == space.id && $0.chunker == cutter.version ? $0 : nil }
        if saved != nil, mark == nil {
            context.log(.info, "the checkpoint is of another version of the model, or of other cuts: beginning anew")
        }
        var counts = mark?.counts ?? EmbeddingTally()
        var position = mark?.position ?? SourceReader.Position()
        if mark != nil {
            context.log(.info, "going on after \(counts.sources) sources")
            context.goOn(from: Double(counts.sources))
        }
        func save(_ position: SourceReader.Position, _ counts: EmbeddingTally) async throws {
            try await context.save(
                checkpoint: Mark(space: space.id, chunker: cutter.version, position: position, counts: counts))
        }
        var batch = EmbeddingBatch(space, embedder, cutter, labels: input.labels, context)
        var start = (position: position, counts: counts)
        while true {
            let part = try await reader.read(after: position)
            for source in part?.sources ?? [] { try await batch.add(source) }
            position = part?.position ?? position
            guard batch.isFull || part == nil else { continue }
            guard context.stopReason == nil else { return .stopped }
            let isStored = try await batch.finish(&counts) { [start] counts in
                let again = start.counts.begunAgain(after: counts)
                if again != start.counts { try await save(start.position, again) }
                Self.report(counts, of: total, context)
            }
            guard isStored else { return .stopped }
            try await save(position, counts)
            start = (position, counts)
            Self.report(counts, of: total, context)
            guard part != nil else { break }
        }
        return .done(
            EmbeddedSources(
                model: model.name, revision: model.revision, dimensions: model.dimensions, counts: counts,
                cost: Double(counts.tokens) * models.pricePerMillionTokens(of: model.name) / 1_000_000))
    }

    private static func report(_ counts: EmbeddingTally, of total: Int, _ context: JobContext) {
        context.report(
            completed: Double(counts.sources), total: Double(max(total, counts.sources)), unit: "sources",
            numbers: [
                ("chunks", .int(Int64(counts.chunks))), ("embedded", .int(Int64(counts.embedded))),
                ("tokens", .int(Int64(counts.tokens))), ("failed", .int(Int64(counts.failed))),
            ])
    }

    private static func cutter(_ chunking: BatchEmbedding.Chunking, _ embedder: any Embedder) throws -> SourceCutter {
        let most = min(max(8, embedder.model.maxTokens - addedTokens), mostTokens)
        let tokens = chunking.tokens ?? most
        let overlap = chunking.overlap ?? tokens / 8
        guard tokens <= most else {
            throw JobFailure(
                code: "invalid_chunking",
                message: "chunking.tokens must be at most \(most) for \(embedder.model.name).")
        }
        guard overlap <= tokens / 2 else {
            throw JobFailure(
                code: "invalid_chunking", message: "chunking.overlap must be at most \(tokens / 2), half of a chunk.")
        }
        return try SourceCutter(embedder.tokenizer, tokens: tokens, overlap: overlap)
    }
}

extension EmbeddingError {
    /// What the job's client is told.
    fileprivate var failure: JobFailure { JobFailure(code: code.rawValue, message: message) }
}
