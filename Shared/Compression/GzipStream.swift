import CZlib

/// A member of gzip's format (RFC 1952), inflated piece by piece.
public final class GzipStream: InflatingStream {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// Makes a stream.
    ///
    /// - Throws: `CompressionError` when there is no memory.
    public init() throws(CompressionError) {
        stream.initialize(to: z_stream())
        guard switchyard_inflate_init(stream, Gzip.window) == Z_OK else {
            throw CompressionError(.memory, "zlib got no memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates what it can, at most 1 GiB at a time.
    public func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> InflationStep {
        let (given, room) = (min(input.count, 1 << 30), min(output.count, 1 << 30))
        // zlib reads its input only; the field is older than const.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(given)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        switch status {
        // No progress was possible: there is more to come.
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw CompressionError(.memory, "zlib got no memory")
        default: throw CompressionError(.broken, "the bytes are no valid gzip data")
        }
        return InflationStep(
            taken: given - Int(stream.pointee.avail_in), made: room - Int(stream.pointee.avail_out),
            isAtEnd: status == Z_STREAM_END)
    }

    /// Gets ready for the next member.
    public func reset() { inflateReset(stream) }
}
