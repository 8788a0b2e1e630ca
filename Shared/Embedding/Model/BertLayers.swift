import CEncoder

/// A dense layer: weights as the kernel wants them, and biases.
struct Linear: Sendable {
    let columns: Int
    let depth: Int
    private let weights: Floats
    private let biases: Floats

    /// Layers of the same input side by side, as if they were one; each has so many columns.
    init(_ names: [String], columns: Int, depth: Int, in reader: WeightsReader) throws(EmbeddingError) {
        // Before memory is taken for it: the sizes are only what a file says.
        for name in names { _ = try reader.tensor("\(name).weight", [columns, depth]) }
        let plain = Floats(count: names.count * columns * depth)
        biases = Floats(count: names.count * columns)
        for (index, name) in names.enumerated() {
            try reader.read("\(name).weight", [columns, depth], to: plain.start + index * columns * depth)
            try reader.read("\(name).bias", [columns], to: biases.start + index * columns)
        }
        weights = Floats(count: plain.count)
        self.columns = names.count * columns
        self.depth = depth
        switchyard_pack(plain.start, self.columns, depth, weights.start)
    }

    /// Writes `rows` times `columns` numbers, made of `rows` times `depth`.
    func apply(
        to input: Floats, rows: Int, then activation: switchyard_activation = SWITCHYARD_IDENTITY,
        on unit: switchyard_vector_unit, into output: Floats
    ) {
        switchyard_product(
            unit, input.start, rows, depth, weights.start, biases.start, columns, activation, output.start)
    }
}

/// Brings rows to mean 0 and variance 1, then scales and shifts them.
struct LayerNorm: Sendable {
    private let weights: Floats
    private let biases: Floats
    private let epsilon: Float

    init(_ name: String, _ settings: ModelSettings, in reader: WeightsReader) throws(EmbeddingError) {
        weights = Floats(count: settings.hidden)
        biases = Floats(count: settings.hidden)
        epsilon = settings.epsilon
        try reader.read("\(name).weight", [settings.hidden], to: weights.start)
        try reader.read("\(name).bias", [settings.hidden], to: biases.start)
    }

    /// Norms the sum of both into the second.
    func apply(adding input: Floats, to residual: Floats, rows: Int, on unit: switchyard_vector_unit) {
        switchyard_layer_norm(
            unit, input.start, residual.start, rows, weights.count, weights.start, biases.start, epsilon,
            residual.start)
    }
}

/// Reads tensors under the names that BERT's own checkpoints have, or with the prefix of a model around it.
struct WeightsReader {
    let file: Safetensors
    private let prefix: String

    init(_ file: Safetensors) {
        self.file = file
        prefix = file.tensors["bert.embeddings.word_embeddings.weight"] == nil ? "" : "bert."
    }

    func tensor(_ name: String, _ shape: [Int]) throws(EmbeddingError) -> Safetensors.Tensor {
        try file.tensor(prefix + name, shape)
    }

    func read(_ name: String, _ shape: [Int], to target: UnsafeMutablePointer<Float>) throws(EmbeddingError) {
        file.copy(try tensor(name, shape), count: shape.reduce(1, *), to: target)
    }
}
