import Crypto

/// A model in memory: what cuts texts, what encodes them, and how its vectors are made.
struct LocalModel: Sendable {
    /// What is put before texts of one role.
    struct Prefix: Sendable {
        let text: String
        /// How many tokens it has.
        let tokens: Int
    }

    let settings: ModelSettings
    let tokenizer: BertTokenizer
    /// What a passage's vector depends on beside the weights: settings, tokenizer, pooling and prefix, as a SHA-256 of them in hexadecimal digits. What a query
    /// begins with changes no vector that is kept.
    let traits: String
    private let encoder: BertEncoder
    private let passagePrefix: Prefix
    private let queryPrefix: Prefix

    init(_ folder: ModelFolder, _ weights: MappedFile) throws(EmbeddingError) {
        let tokenizer = try TokenizerFiles.tokenizer(in: folder)
        func prefix(_ text: String) -> Prefix { Prefix(text: text, tokens: tokenizer.tokens(of: text).count) }
        settings = try ModelSettings(folder)
        traits = try Self.traits(of: settings, folder)
        encoder = try BertEncoder(settings, Safetensors(weights))
        self.tokenizer = tokenizer
        (passagePrefix, queryPrefix) = (prefix(settings.passagePrefix), prefix(settings.queryPrefix))
        guard room > 0 else {
            throw EmbeddingError(.model, "\(folder.path): the model has no room for a text beside what is added to it.")
        }
    }

    private static func traits(of settings: ModelSettings, _ folder: ModelFolder) throws(EmbeddingError) -> String {
        var hasher = SHA256Hasher()
        var parts = [Array(settings.pooling.rawValue.utf8), Array(settings.passagePrefix.utf8)]
        for name in ["config.json"] + TokenizerFiles.names(in: folder) { parts.append(try folder.bytes(name) ?? []) }
        for part in parts {
            // Lengths keep apart what would be the same bytes in a row.
            hasher.update(Array("\(part.count):".utf8))
            hasher.update(part)
        }
        return Hex.encode(hasher.digest())
    }

    /// How many tokens of its own a text of either role may have.
    var room: Int {
        settings.maxTokens - tokenizer.frame.before.count - tokenizer.frame.after.count
            - max(passagePrefix.tokens, queryPrefix.tokens)
    }

    func prefix(for role: TextRole) -> Prefix {
        switch role {
        case .passage: passagePrefix
        case .query: queryPrefix
        }
    }

    /// The tokens that the model reads for a text.
    func input(_ text: String, as role: TextRole, _ oddTexts: LocalEmbedder.OddTexts) throws(EmbeddingError) -> [Int32]
    {
        let prefix = prefix(for: role)
        let ids = tokenizer.tokens(of: prefix.text + text).ids
        let own = ids.count - prefix.tokens
        if oddTexts == .refused, own <= 0 {
            throw EmbeddingError(.empty, "The text has no characters that a model could read.")
        }
        if oddTexts == .refused, own > room {
            throw EmbeddingError(
                .tooLong, "The text has \(own) tokens, but the model reads \(room); cut it into smaller chunks.")
        }
        return tokenizer.frame.before + ids.prefix(room + prefix.tokens) + tokenizer.frame.after
    }

    /// The vector of each text of a batch.
    func vectors(of batch: [TokenizedText], in workspace: Workspace) throws(EmbeddingError) -> [Result<
        [Float], EmbeddingError
    >] {
        try encoder.encode(batch.flatMap(\.ids), lengths: batch.map(\.ids.count), in: workspace)
        var row = 0
        return batch.map { text in
            defer { row += text.ids.count }
            return Result { () throws(EmbeddingError) in
                try TextVector.make(
                    of: workspace.states.start + row * settings.hidden, count: text.ids.count, width: settings.hidden,
                    settings.pooling)
            }
        }
    }
}
