/// Numbers in memory of their own, for C.
///
/// Sendable, because whoever writes to one has it alone: a thread's workspace, or a model while it is read.
final class Floats: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    let count: Int

    /// Room for so many, all of them 0.
    init(count: Int) {
        self.count = count
        // Lines of the cache begin where vectors do.
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
        start = bytes.bindMemory(to: Float.self, capacity: max(1, count))
        start.update(repeating: 0, count: count)
    }

    deinit { start.deallocate() }
}
