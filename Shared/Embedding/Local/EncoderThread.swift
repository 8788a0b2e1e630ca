import Concurrency
import Crypto

/// A thread that runs an encoder, with a workspace of its own.
actor EncoderThread {
    private let executor: ThreadExecutor
    private var workspace: Workspace?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// What its encoder has done.
    var work: EncoderWork { workspace?.work ?? EncoderWork() }

    init(number: Int) { executor = ThreadExecutor(name: "encoder-\(number)") }

    deinit { executor.stop() }

    /// Reads a model's folder.
    func load(_ folder: ModelFolder, _ weights: MappedFile) throws(EmbeddingError) -> LocalModel {
        try LocalModel(folder, weights)
    }

    /// The SHA-256 of a file in hexadecimal digits.
    func digest(of file: MappedFile) -> String {
        var hasher = SHA256Hasher()
        hasher.update(file.bytes)
        return Hex.encode(hasher.digest())
    }

    /// What the model reads of each text, or why it does not.
    func inputs(
        _ texts: ArraySlice<String>, as role: TextRole, _ model: LocalModel, _ oddTexts: LocalEmbedder.OddTexts
    ) -> [Result<[Int32], EmbeddingError>] {
        texts.map { text in
            Result { () throws(EmbeddingError) in
                guard !Task.isCancelled else { throw LocalEmbedder.cancelled }
                return try model.input(text, as: role, oddTexts)
            }
        }
    }

    /// The vector of each text of a batch.
    func vectors(
        of batch: [TokenizedText], _ model: LocalModel
    ) throws(EmbeddingError) -> [Result<[Float], EmbeddingError>] {
        // A batch has more tokens than usual only where a single text has.
        let workspace =
            self.workspace ?? Workspace(model.settings, tokens: max(Batch.tokens, model.settings.maxTokens))
        self.workspace = workspace
        return try workspace.measure { () throws(EmbeddingError) in try model.vectors(of: batch, in: workspace) }
    }
}
