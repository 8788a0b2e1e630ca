import CZlib

/// Makes gzip members (RFC 1952), which may be appended to each other; keep it to save what a new compressor costs.
public struct GzipWriter: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// Makes a writer; the level goes from 1, the fastest, to 9, the smallest.
    ///
    /// - Throws: `CompressionError` when there is no memory.
    public init(level: Int = 6) throws(CompressionError) {
        stream.initialize(to: z_stream())
        guard switchyard_deflate_init(stream, Int32(min(max(level, 1), 9)), Gzip.window) == Z_OK else {
            throw CompressionError(.memory, "zlib got no memory")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// One complete member that holds the bytes.
    ///
    /// - Throws: `CompressionError` of the kind `tooLarge` for 2 GiB or more.
    public mutating func member(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] {
        guard bytes.count < 1 << 31 else { throw CompressionError(.tooLarge, "a member holds less than 2 GiB") }
        deflateReset(stream)
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        // The output has room for all that this input can become, so that one call is enough.
        let output = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { input in
                // zlib reads its input only; the field is older than const.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                let status = deflate(stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "zlib promised that \(bound) bytes are enough")
            }
            count = bound - Int(stream.pointee.avail_out)
        }
        return output
    }
}
