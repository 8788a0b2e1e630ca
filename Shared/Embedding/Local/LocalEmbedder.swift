import Crypto

/// Turns texts into vectors in this process, by a model of BERT's family in a folder.
///
/// The folder is laid out as on model hubs: `config.json`, `model.safetensors`, `tokenizer.json` or `vocab.txt`, and, if there,
/// `1_Pooling/config.json` (mean or cls), `sentence_bert_config.json` (the most tokens) and the `prompts` `query` and `passage` of
/// `config_sentence_transformers.json`, which are put before texts.
public final class LocalEmbedder: Embedder {
    /// What becomes of texts that have nothing to embed, or more than the model reads.
    public enum OddTexts: Sendable {
        /// They have an error.
        case refused
        /// They are embedded, without what is too much, as sentence-transformers does; for comparisons with it.
        case taken
    }

    /// Whose vectors they are; its name is the folder's.
    public let model: EmbeddingModel
    /// Where the model's tokens lie in a text.
    public var tokenizer: any TextTokenizer { local.tokenizer }

    private let local: LocalModel
    private let threads: [EncoderThread]
    private let oddTexts: OddTexts

    /// Reads a model's folder and starts as many threads, each of which takes the texts of one batch at a time.
    ///
    /// - Throws: `model` when a file is missing, or is not what it should be.
    public init(folder path: String, threads count: Int, oddTexts: OddTexts = .refused) async throws(EmbeddingError) {
        let folder = ModelFolder(path: path)
        let threads = (0..<max(1, count)).map { EncoderThread(number: $0) }
        let weights = try MappedFile(path: folder.file("model.safetensors"))
        // The hash takes longer than everything else together.
        async let digest = threads[threads.count - 1].digest(of: weights)
        let local = try await threads[0].load(folder, weights)
        let revision = await String(Hex.encode(sha256(digest + local.traits)).prefix(12))
        weights.forget()
        model = EmbeddingModel(
            name: folder.name, revision: revision, dimensions: local.settings.hidden,
            maxTokens: local.room + local.tokenizer.frame.before.count + local.tokenizer.frame.after.count)
        (self.local, self.threads, self.oddTexts) = (local, threads, oddTexts)
    }

    /// What its threads have done since they were started.
    public var work: EncoderWork {
        get async {
            var sum = EncoderWork()
            for thread in threads { sum = await sum + thread.work }
            return sum
        }
    }

    /// The numbers of the tokens that the model reads for a text, those that it adds included.
    ///
    /// - Throws: `empty`, `tooLong`.
    public func tokenIDs(of text: String, as role: TextRole) throws(EmbeddingError) -> [Int32] {
        try local.input(text, as: role, oddTexts)
    }

    /// The vector of each text, in order, or why it has none.
    ///
    /// - Throws: `cancelled`, within the time of a batch; `model` where its files do not fit together.
    public func embed(
        _ texts: [String], as role: TextRole
    ) async throws(EmbeddingError) -> [Result<EmbeddedText, EmbeddingError>] {
        let inputs = await inputs(for: texts, as: role)
        guard !Task.isCancelled else { throw Self.cancelled }
        var accepted: [TokenizedText] = []
        var results: [Result<EmbeddedText, EmbeddingError>] = []
        for (index, input) in inputs.enumerated() {
            if case .success(let ids) = input { accepted.append(TokenizedText(index: index, ids: ids)) }
            // Every accepted text gets its vector below.
            results.append(input.map { EmbeddedText(vector: [], tokens: $0.count) })
        }
        for (text, vector) in try await vectors(of: Batch.batches(of: accepted)) {
            results[text.index] = vector.map { EmbeddedText(vector: $0, tokens: text.ids.count) }
        }
        return results
    }

    static let cancelled = EmbeddingError(.cancelled, "The embedding was cancelled.")

    /// What the model reads of each text; each thread cuts its share of them.
    private func inputs(for texts: [String], as role: TextRole) async -> [Result<[Int32], EmbeddingError>] {
        let share = (texts.count + threads.count - 1) / threads.count
        return await withTaskGroup(of: (Int, [Result<[Int32], EmbeddingError>]).self) { group in
            for (number, thread) in threads.enumerated() {
                let part = texts.dropFirst(number * share).prefix(share)
                group.addTask { [local, oddTexts] in (number, await thread.inputs(part, as: role, local, oddTexts)) }
            }
            let parts = await group.reduce(into: []) { $0.append($1) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private typealias Vectors = [(TokenizedText, Result<[Float], EmbeddingError>)]

    /// Gives each thread the next batch until none is left.
    private func vectors(of batches: [[TokenizedText]]) async throws(EmbeddingError) -> Vectors {
        let queue = BatchQueue(batches)
        let outcomes = await withTaskGroup(of: Result<Vectors, EmbeddingError>.self) { group in
            for thread in threads.prefix(batches.count) {
                group.addTask { [local] in await Self.work(on: queue, thread, local) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var vectors: Vectors = []
        for outcome in outcomes { vectors += try outcome.get() }
        return vectors
    }

    private static func work(
        on queue: BatchQueue, _ thread: EncoderThread, _ local: LocalModel
    ) async -> Result<Vectors, EmbeddingError> {
        var vectors: Vectors = []
        do throws(EmbeddingError) {
            while let batch = queue.next() {
                guard !Task.isCancelled else { throw cancelled }
                vectors += try await zip(batch, thread.vectors(of: batch, local))
            }
            return .success(vectors)
        } catch {
            return .failure(error)
        }
    }
}
