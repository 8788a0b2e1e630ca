import CZlib

/// The gzip format (RFC 1952).
public enum Gzip {
    /// Gzip's framing around the largest window.
    static let window: Int32 = 15 + 16

    /// Whether the bytes begin as a gzip member does.
    public static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The inflated content of one or more members, which follow each other.
    ///
    /// What follows the last member and is none is left out, as gzip itself does; it is padding as a rule.
    ///
    /// - Parameter limit: how many bytes the content may have in all. One byte more ends the work, whatever the input says.
    /// - Throws: `CompressionError`, also for an input without any member.
    public static func inflate(_ bytes: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        var inflater = try Inflater()
        var output: [UInt8] = []
        var position = 0
        repeat {
            position += try inflater.member(of: bytes[position...], limit: limit, into: &output)
        } while isGzip(bytes[position...])
        return output
    }
}

/// One inflating stream, used for one member after another.
private struct Inflater: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 * 1024)

    init() throws(CompressionError) {
        stream.initialize(to: z_stream())
        guard switchyard_inflate_init(stream, Gzip.window) == Z_OK else {
            throw CompressionError(.memory, "zlib got no memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        chunk.deallocate()
    }

    /// Inflates the member at the start of `bytes` and says how many bytes it had.
    mutating func member(
        of bytes: ArraySlice<UInt8>, limit: Int, into output: inout [UInt8]
    ) throws(CompressionError) -> Int {
        inflateReset(stream)
        var used = 0
        while true {
            // One byte over the limit tells content that just fits from more.
            let room = min(chunk.count, limit - output.count + 1)
            let (status, taken) = step(bytes.dropFirst(used), room: room, into: &output)
            used += taken
            guard output.count <= limit else {
                throw CompressionError(.tooLarge, "the content is larger than \(limit) bytes")
            }
            switch status {
            case Z_STREAM_END: return used
            case Z_OK: continue
            case Z_BUF_ERROR: throw CompressionError(.truncated, "the gzip data end too soon")
            case Z_MEM_ERROR: throw CompressionError(.memory, "zlib got no memory")
            default: throw CompressionError(.broken, "the bytes are no valid gzip data")
            }
        }
    }

    /// One call of zlib: at most `room` bytes more, from at most 1 GiB of input.
    private func step(
        _ input: ArraySlice<UInt8>, room: Int, into output: inout [UInt8]
    ) -> (status: Int32, taken: Int) {
        let given = min(input.count, 1 << 30)
        let status = input.withUnsafeBufferPointer { input in
            // zlib reads its input only; the field is older than const.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(given)
            stream.pointee.next_out = chunk.baseAddress
            stream.pointee.avail_out = UInt32(room)
            return CZlib.inflate(stream, Z_NO_FLUSH)
        }
        output.append(contentsOf: chunk[..<(room - Int(stream.pointee.avail_out))])
        return (status, given - Int(stream.pointee.avail_in))
    }
}
