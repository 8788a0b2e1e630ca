/// Makes a text's vector of those of its tokens.
enum TextVector {
    /// The mean of the rows, or the first one, at unit length.
    ///
    /// - Parameter rows: `count` times `width` numbers; there is at least one row.
    static func make(
        of rows: UnsafePointer<Float>, count: Int, width: Int, _ pooling: ModelSettings.Pooling
    ) throws(EmbeddingError) -> [Float] {
        var sum = Array(UnsafeBufferPointer(start: rows, count: width))
        if pooling == .mean {
            for row in 1..<max(1, count) {
                for column in 0..<width { sum[column] += rows[row * width + column] }
            }
        }
        // The length takes care of the division by the number of rows.
        let length = sum.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite, length > 0 else {
            throw EmbeddingError(.badVector, "The model gives numbers for this text that are no vector.")
        }
        return sum.map { Float(Double($0) / length) }
    }
}
