import CZlib
import CZstd

/// How a stream of bytes is compressed.
public enum CompressionFormat: String, Sendable, CaseIterable, Decodable {
    /// One gzip member (RFC 1952).
    case gzip
    /// One Zstandard frame (RFC 8878) with its checksum.
    case zstd

    /// What is added to a file's name.
    public var suffix: String {
        switch self {
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }
}

/// Compresses a stream piece by piece in constant memory.
public protocol Compressor: AnyObject {
    /// What became ready with these bytes, which may be nothing yet.
    func compress(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8]
    /// The rest; nothing may follow.
    func finish() throws(CompressionError) -> [UInt8]
}

extension CompressionFormat {
    /// Makes a compressor at the format's usual level.
    ///
    /// - Throws: `CompressionError` when there is no memory.
    public func compressor() throws(CompressionError) -> any Compressor {
        switch self {
        case .gzip: try GzipCompressor()
        case .zstd: try ZstdCompressor()
        }
    }
}

/// How much room for output is made at a time.
private let outputRoom = 128 << 10

private final class GzipCompressor: Compressor {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(CompressionError) {
        stream.initialize(to: z_stream())
        guard switchyard_deflate_init(stream, Int32(6), Gzip.window) == Z_OK else {
            stream.deallocate()
            throw CompressionError(.memory, "zlib got no memory")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func compress(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] { deflate(bytes, Z_NO_FLUSH) }

    func finish() throws(CompressionError) -> [UInt8] { deflate([], Z_FINISH) }

    private func deflate(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        precondition(bytes.count < 1 << 31, "zlib counts its input in 32 bits")
        var output: [UInt8] = []
        bytes.withUnsafeBufferPointer { input in
            // zlib reads its input only; the field is older than const.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                output.append(room: outputRoom) { room in
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    _ = CZlib.deflate(stream, flush)
                    return room.count - Int(stream.pointee.avail_out)
                }
            } while stream.pointee.avail_out == 0
        }
        return output
    }
}

private final class ZstdCompressor: Compressor {
    private let context: OpaquePointer

    init() throws(CompressionError) {
        guard let context = ZSTD_createCCtx() else { throw CompressionError(.memory, "zstd got no memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    func compress(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] { try run(bytes, ZSTD_e_continue) }

    func finish() throws(CompressionError) -> [UInt8] { try run([], ZSTD_e_end) }

    private func run(_ bytes: [UInt8], _ mode: ZSTD_EndDirective) throws(CompressionError) -> [UInt8] {
        var output: [UInt8] = []
        var failure: CompressionError?
        bytes.withUnsafeBytes { source in
            var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var left = 0
            repeat {
                output.append(room: outputRoom) { room in
                    var out = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    left = ZSTD_compressStream2(context, &out, &input, mode)
                    if ZSTD_isError(left) != 0 {
                        failure = CompressionError(.memory, String(cString: ZSTD_getErrorName(left)))
                    }
                    return out.pos
                }
                // At the end it says how much it still holds back; before, only the input counts.
            } while failure == nil && (mode == ZSTD_e_end ? left > 0 : input.pos < input.size)
        }
        if let failure { throw failure }
        return output
    }
}

extension [UInt8] {
    /// Lets the body fill room at the end; keeps as many bytes as it says.
    fileprivate mutating func append(room: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        self += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in count = body(buffer) }
    }
}
