import Foundation

/// The frames on a child's socket, with buffers that are used again.
final class ChildStream {
    /// Room for most pages; buffers that had to be larger are not kept.
    private static let keptBytes = 1 << 20

    private let socket: Int32
    private let limit: Int
    private var input = UnsafeMutableRawBufferPointer.allocate(byteCount: keptBytes, alignment: 16)
    private var output: [UInt8] = []

    init(socket: Int32, limit: Int) {
        self.socket = socket
        self.limit = limit
    }

    deinit { input.deallocate() }

    /// The next page, which is there until the one after it; nil when the pool is gone.
    func next() -> UnsafeRawBufferPointer? {
        if input.count > Self.keptBytes { resize(to: Self.keptBytes) }
        var filled = 0
        while filled < FrameHeader.length {
            guard let count = read(at: filled) else { return nil }
            filled += count
        }
        let end = FrameHeader.length + FrameHeader.value(of: UnsafeRawBufferPointer(input))
        guard end <= FrameHeader.length + limit else { return nil }
        if end > input.count { resize(to: end, keeping: filled) }
        while filled < end {
            guard let count = read(at: filled) else { return nil }
            filled += count
        }
        // The pool sends a page only after the answer to the one before.
        return filled == end ? UnsafeRawBufferPointer(rebasing: input[FrameHeader.length..<end]) : nil
    }

    /// Writes an answer; false when the pool is gone.
    func write(_ answer: [UInt8]) -> Bool {
        output.removeAll(keepingCapacity: output.capacity <= Self.keptBytes)
        withUnsafeBytes(of: FrameHeader.bytes(answer.count)) { output += $0 }
        output += answer
        return output.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = Glibc.write(socket, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return true
        }
    }

    /// Reads what there is, at least a byte; nil at the end.
    private func read(at place: Int) -> Int? {
        while true {
            let count = Glibc.read(socket, input.baseAddress?.advanced(by: place), input.count - place)
            if count < 0 && errno == EINTR { continue }
            return count > 0 ? count : nil
        }
    }

    private func resize(to size: Int, keeping kept: Int = 0) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<kept]))
        input.deallocate()
        input = larger
    }
}
