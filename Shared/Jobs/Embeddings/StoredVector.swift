import Postgres

/// A vector as the database keeps it: its numbers one after the other, each as four bytes, the lowest first.
public struct StoredVector: Sendable, Equatable {
    /// The numbers.
    public let numbers: [Float]

    /// How far the length of a vector may be from 1: what rounding leaves of a unit vector is a thousand times less.
    static let lengthTolerance = 1e-3

    /// Takes the numbers of a vector of unit length.
    public init(_ numbers: [Float]) { self.numbers = numbers }

    /// What is wrong with it as a vector of a space; nil when it may be stored.
    func fault(dimensions: Int) -> String? {
        guard numbers.count == dimensions else { return "has \(numbers.count) numbers instead of \(dimensions)" }
        let square = numbers.reduce(0) { $0 + Double($1) * Double($1) }
        // Also catches what is no number, which is near nothing.
        return abs(square.squareRoot() - 1) <= Self.lengthTolerance ? nil : "is not of unit length"
    }

    /// The bytes that are stored. Every machine that Swift runs on has the lowest byte of a number first.
    var bytes: [UInt8] { numbers.withUnsafeBytes { Array($0) } }
}

extension StoredVector: PostgresDecodable {
    /// Reads a `bytea` of numbers of four bytes each.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> StoredVector {
        guard value.type == .bytea, let bytes = value.bytes, bytes.count.isMultiple(of: 4) else {
            throw value.mismatch(StoredVector.self)
        }
        return StoredVector(
            [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                count = bytes.count / 4
            })
    }
}
