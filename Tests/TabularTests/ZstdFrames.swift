import CZstd
import Testing

/// Frames of Zstandard for tests; nothing else in the project makes any.
enum ZstdFrames {
    /// A frame that says nothing (RFC 8878, 3.1.2).
    static let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]

    static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&frame, frame.count, bytes, bytes.count, 3)
        try #require(ZSTD_isError(count) == 0)
        return Array(frame[..<count])
    }
}
