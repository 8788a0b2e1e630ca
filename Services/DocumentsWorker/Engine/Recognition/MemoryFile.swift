import CSeccomp
import Foundation
import Synchronization

/// A file that is only in memory, for what one child writes and another reads; gone with the last reference.
final class MemoryFile: Sendable {
    let descriptor: Int32
    private let limit: Int
    private let size = Mutex(0)

    init(limit: Int) throws(ExtractionError) {
        descriptor = memfd_create("page", UInt32(sandbox_mfd_cloexec))
        guard descriptor >= 0 else {
            throw .unavailable("no descriptor for a page: \(String(cString: strerror(errno)))")
        }
        self.limit = limit
    }

    deinit { close(descriptor) }

    /// Takes a piece of a child's output.
    func append(_ bytes: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        size.withLock { size in
            guard size + bytes.count <= limit, UnnamedFile.write(bytes, to: descriptor, at: size) else { return .stop }
            size += bytes.count
            return .more
        }
    }

    var isEmpty: Bool { size.withLock { $0 == 0 } }
}
