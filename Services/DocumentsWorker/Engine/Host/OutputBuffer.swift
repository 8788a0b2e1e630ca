import Synchronization

/// Collects an output up to a limit.
final class OutputBuffer: Sendable {
    private let limit: Int
    private let bytes = Mutex<[UInt8]>([])

    /// By default for a short output, such as that of `pdfinfo`.
    init(limit: Int = 64 << 10) { self.limit = limit }

    /// Takes a piece; says stop when there is more than the limit.
    func append(_ piece: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        bytes.withLock { bytes in
            let room = limit - bytes.count
            bytes += piece.prefix(room)
            return piece.count > room ? .stop : .more
        }
    }

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
