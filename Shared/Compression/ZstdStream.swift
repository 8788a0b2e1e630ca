import CZstd

/// A frame of Zstandard's format (RFC 8878), inflated piece by piece.
public final class ZstdStream: InflatingStream {
    /// Of the window that a frame may ask for, as a power of two: 128 MiB, which is zstd's own default.
    private static let windowLog: Int32 = 27

    private let stream: OpaquePointer

    /// Makes a stream.
    ///
    /// - Throws: `CompressionError` when there is no memory.
    public init() throws(CompressionError) {
        guard let stream = ZSTD_createDCtx() else { throw CompressionError(.memory, "zstd got no memory") }
        self.stream = stream
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { ZSTD_freeDCtx(stream) }

    /// Whether the bytes begin as a frame does, also one that is to be skipped.
    public static func isZstd(_ bytes: some Collection<UInt8>) -> Bool {
        let magic = Array(bytes.prefix(4))
        guard magic.count == 4 else { return false }
        return magic == [0x28, 0xB5, 0x2F, 0xFD] || (magic[0] & 0xF0 == 0x50 && magic[1...] == [0x2A, 0x4D, 0x18])
    }

    /// Inflates what it can.
    public func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> InflationStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw CompressionError(.broken, "zstd: \(String(cString: ZSTD_getErrorName(status)))")
        }
        return InflationStep(taken: source.pos, made: target.pos, isAtEnd: status == 0)
    }

    /// Gets ready for the next frame.
    public func reset() { ZSTD_DCtx_reset(stream, ZSTD_reset_session_only) }
}
