import CEncoder

/// An encoder of BERT's family: turns tokens of several texts, one after the other without padding, into a vector for each token.
struct BertEncoder: Sendable {
    private struct Layer {
        let attention: Linear
        let attentionOutput: Linear
        let attentionNorm: LayerNorm
        let intermediate: Linear
        let output: Linear
        let outputNorm: LayerNorm
    }

    private let settings: ModelSettings
    private let file: Safetensors
    private let words: Safetensors.Tensor
    /// What a token's place adds, and its being of the first of two texts.
    private let positions: Floats
    private let embeddingNorm: LayerNorm
    private let layers: [Layer]
    private let activation: switchyard_activation
    private let unit = switchyard_best_vector_unit()

    init(_ settings: ModelSettings, _ file: Safetensors) throws(EmbeddingError) {
        let (hidden, reader) = (settings.hidden, WeightsReader(file))
        self.settings = settings
        self.file = file
        words = try reader.tensor("embeddings.word_embeddings.weight", [settings.vocabulary, hidden])
        positions = try Self.positions(settings, reader)
        embeddingNorm = try LayerNorm("embeddings.LayerNorm", settings, in: reader)
        var layers: [Layer] = []
        for index in 0..<settings.layers { layers.append(try Self.layer(index, settings, reader)) }
        self.layers = layers
        activation =
            switch settings.activation {
            case .gelu: SWITCHYARD_GELU
            case .tanhGELU: SWITCHYARD_TANH_GELU
            case .relu: SWITCHYARD_RELU
            }
        // What has been copied need not stay in memory twice; rows of words come back as they are read.
        file.file.forget()
    }

    /// Computes the vectors of all tokens, which are in `workspace.states` then, a row for each.
    ///
    /// - Parameter lengths: how many of the tokens each text has, from 1 to `maxTokens`.
    func encode(_ tokens: [Int32], lengths: [Int], in workspace: Workspace) throws(EmbeddingError) {
        try embed(tokens, lengths: lengths, in: workspace)
        for layer in layers { run(layer, lengths: lengths, in: workspace) }
    }

    private func embed(_ tokens: [Int32], lengths: [Int], in workspace: Workspace) throws(EmbeddingError) {
        let hidden = settings.hidden
        var row = 0
        for length in lengths {
            (workspace.scratch.start + row * hidden).update(from: positions.start, count: length * hidden)
            row += length
        }
        for (row, token) in tokens.enumerated() {
            guard (0..<settings.vocabulary).contains(Int(token)) else {
                throw EmbeddingError(
                    .model, "The tokenizer has a token \(token), but the model has \(settings.vocabulary) words.")
            }
            file.copy(words, from: Int(token) * hidden, count: hidden, to: workspace.states.start + row * hidden)
        }
        embeddingNorm.apply(adding: workspace.scratch, to: workspace.states, rows: tokens.count, on: unit)
    }

    private func run(_ layer: Layer, lengths: [Int], in workspace: Workspace) {
        let rows = lengths.reduce(0, +)
        let (states, scratch, wide) = (workspace.states, workspace.scratch, workspace.wide)
        workspace.measure(layer.attention, rows) { $0.apply(to: states, rows: rows, on: unit, into: wide) }
        attend(lengths, in: workspace)
        workspace.measure(layer.attentionOutput, rows) {
            $0.apply(to: workspace.context, rows: rows, on: unit, into: scratch)
        }
        layer.attentionNorm.apply(adding: scratch, to: states, rows: rows, on: unit)
        workspace.measure(layer.intermediate, rows) {
            $0.apply(to: states, rows: rows, then: activation, on: unit, into: wide)
        }
        workspace.measure(layer.output, rows) { $0.apply(to: wide, rows: rows, on: unit, into: scratch) }
        layer.outputNorm.apply(adding: scratch, to: states, rows: rows, on: unit)
    }

    /// Lets each text's tokens see each other, and no other's.
    private func attend(_ lengths: [Int], in workspace: Workspace) {
        var row = 0
        for length in lengths {
            switchyard_attention(
                unit, workspace.wide.start + row * 3 * settings.hidden, length, settings.hidden, settings.heads,
                workspace.attention.start, workspace.context.start + row * settings.hidden)
            row += length
        }
    }

    private static func positions(_ settings: ModelSettings, _ reader: WeightsReader) throws(EmbeddingError) -> Floats {
        let hidden = settings.hidden
        let table = try reader.tensor("embeddings.position_embeddings.weight", [settings.positions, hidden])
        let types = try reader.tensor("embeddings.token_type_embeddings.weight", [settings.textTypes, hidden])
        let sums = Floats(count: settings.maxTokens * hidden)
        let type = Floats(count: hidden)
        reader.file.copy(types, count: hidden, to: type.start)
        reader.file.copy(table, count: sums.count, to: sums.start)
        for index in 0..<sums.count { sums.start[index] += type.start[index % hidden] }
        return sums
    }

    private static func layer(
        _ index: Int, _ settings: ModelSettings, _ reader: WeightsReader
    ) throws(EmbeddingError) -> Layer {
        let (name, hidden, wide) = ("encoder.layer.\(index)", settings.hidden, settings.intermediate)
        let heads = ["query", "key", "value"].map { "\(name).attention.self.\($0)" }
        return Layer(
            attention: try Linear(heads, columns: hidden, depth: hidden, in: reader),
            attentionOutput: try Linear(["\(name).attention.output.dense"], columns: hidden, depth: hidden, in: reader),
            attentionNorm: try LayerNorm("\(name).attention.output.LayerNorm", settings, in: reader),
            intermediate: try Linear(["\(name).intermediate.dense"], columns: wide, depth: hidden, in: reader),
            output: try Linear(["\(name).output.dense"], columns: hidden, depth: wide, in: reader),
            outputNorm: try LayerNorm("\(name).output.LayerNorm", settings, in: reader))
    }
}
