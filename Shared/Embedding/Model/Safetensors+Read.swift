extension Safetensors {
    /// The tensor of this name, which must have this shape.
    func tensor(_ name: String, _ shape: [Int]) throws(EmbeddingError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw EmbeddingError(.model, "model.safetensors has no tensor \(name) of 16 or 32 bit numbers.")
        }
        guard tensor.shape == shape else {
            throw EmbeddingError(.model, "model.safetensors: \(name) has the shape \(tensor.shape), not \(shape).")
        }
        return tensor
    }

    /// Copies numbers of a tensor, from the one at `offset` on; the caller has seen to it that they are there.
    func copy(_ tensor: Tensor, from offset: Int = 0, count: Int, to target: UnsafeMutablePointer<Float>) {
        let size = tensor.format.size
        let start = tensor.bytes.lowerBound + offset * size
        let source = UnsafeRawBufferPointer(rebasing: file.bytes[start..<(start + count * size)])
        switch tensor.format {
        case .float32: UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
        case .float16:
            for index in 0..<count { target[index] = Float(Float16(bitPattern: Self.bits(source, index))) }
        case .bfloat16:
            for index in 0..<count { target[index] = Float(bitPattern: UInt32(Self.bits(source, index)) << 16) }
        }
    }

    private static func bits(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt16 {
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    }
}
