import Foundation

/// A piece of a source that a conversion takes its input from.
struct InputPiece: ~Copyable {
    private let source: any ByteSource
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var unread = 0..<0
    private(set) var isAtEnd = false

    init(_ source: any ByteSource) { self.source = source }

    deinit { buffer.deallocate() }

    /// What is not consumed; valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: buffer[unread]))
    }

    mutating func consume(_ count: Int) { unread = (unread.lowerBound + count)..<unread.upperBound }

    /// Moves what is left to the front and reads behind it; false at the end.
    mutating func refill() throws(TableError) -> Bool {
        let left = unread.count
        if left > 0, let base = buffer.baseAddress { memmove(base, base + unread.lowerBound, left) }
        unread = 0..<left
        let read = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[left...]))
        unread = 0..<(left + read)
        isAtEnd = read == 0
        return read > 0
    }
}
