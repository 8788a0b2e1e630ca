import Foundation
import JSON

/// Vectors as endpoints write them, checked and brought to unit length.
enum UnitVector {
    /// Lengths outside of this are no model's; numbers near their ends would also lose their digits as floats.
    private static let saneNorms = 1e-6...1e6

    /// Reads an array of numbers, or base64 of little-endian 32-bit floats: endpoints may answer with either, whatever they were asked.
    static func of(_ json: JSON, dimensions: Int?) throws(VectorFault) -> [Float] {
        let numbers: [Float]
        switch json {
        case .array(let elements): numbers = try decimals(elements)
        case .string(let text): numbers = try floats(text)
        default: throw VectorFault(message: "the embedding is neither numbers nor base64")
        }
        return try normalized(numbers, dimensions: dimensions)
    }

    private static func decimals(_ elements: [JSON]) throws(VectorFault) -> [Float] {
        var numbers: [Float] = []
        numbers.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.doubleValue else {
                throw VectorFault(message: "not all of the vector is numbers")
            }
            numbers.append(Float(number))
        }
        return numbers
    }

    private static func floats(_ text: String) throws(VectorFault) -> [Float] {
        guard let data = Data(base64Encoded: text), data.count.isMultiple(of: 4) else {
            throw VectorFault(message: "the embedding is not base64 of floats")
        }
        return data.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map { offset in
                let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }

    private static func normalized(_ numbers: [Float], dimensions: Int?) throws(VectorFault) -> [Float] {
        guard !numbers.isEmpty, numbers.count <= ProviderAnswer.mostDimensions,
            numbers.count == dimensions ?? numbers.count
        else {
            let wanted = dimensions.map { ", not \($0)" } ?? ""
            throw VectorFault(message: "the vector has \(numbers.count) numbers\(wanted)")
        }
        guard numbers.allSatisfy(\.isFinite) else {
            throw VectorFault(message: "the vector has numbers that are not finite")
        }
        let norm = numbers.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard saneNorms.contains(norm) else { throw VectorFault(message: "the vector has the length \(norm)") }
        return numbers.map { Float(Double($0) / norm) }
    }
}
