/// Bytes from somewhere, read once and in order. It may block: call it on a thread that may wait.
public protocol ByteSource: AnyObject {
    /// Reads up to as many bytes as the buffer has room for; 0 at the end only.
    ///
    /// - Throws: `TableError`.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int
}

extension ByteSource {
    /// Fills the buffer, or what the source has left; says how many bytes there are.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        var count = 0
        while count < buffer.count {
            let read = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if read == 0 { break }
            count += read
        }
        return count
    }

    /// Passes over so many bytes; fewer only at the end.
    func skip(_ count: Int) throws(TableError) {
        var left = count
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { piece.deallocate() }
        while left > 0 {
            let read = try fill(UnsafeMutableRawBufferPointer(rebasing: piece[..<min(left, piece.count)]))
            if read == 0 { return }
            left -= read
        }
    }
}

/// Bytes in memory.
public final class ArraySource: ByteSource {
    private let bytes: [UInt8]
    private var position: Int

    /// Reads the bytes, from the one at `offset` on.
    public init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        position = min(offset, bytes.count)
    }

    /// Copies the next of them.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }
}

/// Some bytes that were looked at before, and then the rest of their source.
final class PrefixedSource: ByteSource {
    private let prefix: ArraySource
    private let rest: any ByteSource
    private var isInPrefix = true

    init(_ prefix: [UInt8], then rest: any ByteSource) {
        self.prefix = ArraySource(prefix)
        self.rest = rest
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        if isInPrefix {
            let count = prefix.read(into: buffer)
            if count > 0 || buffer.isEmpty { return count }
            isInPrefix = false
        }
        return try rest.read(into: buffer)
    }
}
