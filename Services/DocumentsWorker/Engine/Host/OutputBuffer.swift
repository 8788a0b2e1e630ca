import Synchronization

/// Collects a short output, such as that of `pdfinfo`.
final class OutputBuffer: Sendable {
    private static let limit = 64 << 10
    private let bytes = Mutex<[UInt8]>([])

    func append(_ piece: UnsafeRawBufferPointer) {
        bytes.withLock { $0 += piece.prefix(Self.limit - $0.count) }
    }

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
