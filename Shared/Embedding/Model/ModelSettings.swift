import JSON

/// What a model's folder says about its encoder and how it is used.
struct ModelSettings: Sendable, Equatable {
    /// The function between the two halves of a feed-forward layer.
    enum Activation: Sendable {
        /// x · Φ(x), with the error function.
        case gelu
        /// Its approximation by the hyperbolic tangent.
        case tanhGELU
        case relu
    }

    /// How a text's vector is made of those of its tokens.
    enum Pooling: String, Sendable { case mean, first }

    let hidden: Int
    let heads: Int
    let layers: Int
    let intermediate: Int
    /// How many words, places and kinds of texts the model knows.
    let vocabulary: Int
    let positions: Int
    let textTypes: Int
    let epsilon: Float
    let activation: Activation
    let pooling: Pooling
    /// The most tokens of a text, the frame included.
    let maxTokens: Int
    /// What is put before a text that is looked for, and before one to be found; some models were trained so.
    let queryPrefix: String
    let passagePrefix: String

    init(_ folder: ModelFolder) throws(EmbeddingError) {
        try Self.checkModules(folder)
        guard let config = try folder.json("config.json") else {
            throw EmbeddingError(.model, "\(folder.path) has no config.json.")
        }
        guard config["model_type"] == "bert" else {
            throw Self.error(
                "model_type is \(config["model_type"] ?? .null); only encoders of the type bert are supported")
        }
        guard (config["position_embedding_type"] ?? "absolute") == "absolute" else {
            throw Self.error("only absolute positions are supported")
        }
        hidden = try Self.int(config, "hidden_size", 1...16_384)
        heads = try Self.int(config, "num_attention_heads", 1...1024)
        layers = try Self.int(config, "num_hidden_layers", 1...256)
        intermediate = try Self.int(config, "intermediate_size", 1...65_536)
        // What the kernels work in; all models of the family have heads of 32 or 64 numbers.
        guard hidden % heads == 0, hidden / heads % 32 == 0, intermediate % 32 == 0 else {
            throw Self.error("the widths of heads and layers must be multiples of 32")
        }
        vocabulary = try Self.int(config, "vocab_size", 1...10_000_000)
        positions = try Self.int(config, "max_position_embeddings", 3...1 << 20)
        textTypes = try Self.int(config, "type_vocab_size", 1...1024)
        let epsilon = config["layer_norm_eps"]?.doubleValue ?? 1e-12
        guard epsilon > 0, epsilon < 1 else { throw Self.error("layer_norm_eps is \(epsilon)") }
        self.epsilon = Float(epsilon)
        activation = try Self.activation(config["hidden_act"]?.stringValue ?? "gelu")
        pooling = try Self.pooling(folder.json("1_Pooling/config.json"), folder)
        maxTokens = try Self.maxTokens(folder, positions: positions)
        let prompts = try folder.json("config_sentence_transformers.json")?["prompts"]
        queryPrefix = prompts?["query"]?.stringValue ?? ""
        passagePrefix = (prompts?["passage"] ?? prompts?["document"])?.stringValue ?? ""
        try checkPrefixes(folder)
    }

    /// Leaving the prefix's tokens out of the mean is not done here.
    private func checkPrefixes(_ folder: ModelFolder) throws(EmbeddingError) {
        guard pooling == .mean, !queryPrefix.isEmpty || !passagePrefix.isEmpty,
            try folder.json("1_Pooling/config.json")?["include_prompt"] == false
        else { return }
        throw EmbeddingError(
            .model, "\(folder.file("1_Pooling/config.json")) asks for include_prompt false, which is not supported.")
    }

    /// What sentence-transformers would do beside the encoder, pooling and unit length is not done here.
    private static func checkModules(_ folder: ModelFolder) throws(EmbeddingError) {
        for module in try folder.json("modules.json")?.arrayValue ?? [] {
            let type = module["type"]?.stringValue ?? "nothing"
            guard ["Transformer", "Pooling", "Normalize"].contains(where: { type.hasSuffix(".\($0)") }) else {
                throw EmbeddingError(.model, "\(folder.file("modules.json")) asks for \(type), which is not supported.")
            }
        }
    }

    private static func activation(_ name: String) throws(EmbeddingError) -> Activation {
        switch name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_pytorch_tanh": return .tanhGELU
        case "relu": return .relu
        default: throw error("hidden_act is \(name); gelu, gelu_new, gelu_pytorch_tanh and relu are supported")
        }
    }

    private static func pooling(_ file: JSON?, _ folder: ModelFolder) throws(EmbeddingError) -> Pooling {
        let flags = (file?.objectValue ?? [:]).filter { $0.key.hasPrefix("pooling_mode_") && $0.value == true }.map(
            \.key)
        let modes = file?["pooling_mode"]?.stringValue.map { [$0] } ?? flags
        switch modes {
        case [], ["mean"], ["pooling_mode_mean_tokens"]: return .mean
        case ["cls"], ["pooling_mode_cls_token"]: return .first
        default:
            throw EmbeddingError(
                .model,
                "\(folder.file("1_Pooling/config.json")) asks for \(modes); mean_tokens or cls_token are supported.")
        }
    }

    /// The smallest of what the folder's files allow.
    private static func maxTokens(_ folder: ModelFolder, positions: Int) throws(EmbeddingError) -> Int {
        let file = try folder.json("sentence_bert_config.json")
        guard file?["do_lower_case"] != true else {
            throw EmbeddingError(
                .model,
                "\(folder.file("sentence_bert_config.json")) asks for do_lower_case, which is not supported; where the tokenizer does it, take it out."
            )
        }
        let wanted = file?["max_seq_length"]?.intValue
        let limit = min(wanted ?? positions, positions)
        guard limit >= 3 else { throw error("a text may have \(limit) tokens only") }
        return limit
    }

    private static func int(_ config: JSON, _ name: String, _ range: ClosedRange<Int>) throws(EmbeddingError) -> Int {
        guard let value = config[name]?.intValue, range.contains(value) else {
            throw error(
                "\(name) is \(config[name] ?? .null); it must be a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    private static func error(_ message: String) -> EmbeddingError {
        EmbeddingError(.model, "config.json: \(message).")
    }
}
