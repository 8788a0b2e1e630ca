/// A compressed stream that is inflated piece by piece: what `GzipStream` and `ZstdStream` have in common.
public protocol InflatingStream: AnyObject {
    /// Inflates what it can of `input` into `output`.
    ///
    /// - Throws: `CompressionError` for bytes that are not of the format.
    func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> InflationStep

    /// Gets ready for another member, or frame, after one has ended.
    func reset()
}

/// What one call of an inflating stream has done.
public struct InflationStep: Sendable {
    /// How many bytes of the input are done with.
    public let taken: Int
    /// How many bytes were written.
    public let made: Int
    /// Whether the member, or frame, has ended after them.
    public let isAtEnd: Bool
}
