/// Why a frame cannot be read.
public enum FrameError: Error, Hashable, Sendable {
    /// It ends before the value does.
    case endsEarly
    /// A list has more elements than are wanted, or than the rest of the frame can hold.
    case tooManyElements(Int)
    /// There are bytes after the last value.
    case hasMore(bytes: Int)
}

/// Reads what `FrameWriter` wrote. No bytes make it trap: they may come from a process under a hostile page's control.
public struct FrameReader {
    private var rest: ArraySlice<UInt8>

    /// Reads from the first byte on.
    public init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Reads a copy of the bytes.
    public init(_ bytes: UnsafeRawBufferPointer) { self.init([UInt8](bytes)) }

    /// Reads one byte.
    public mutating func readUInt8() throws(FrameError) -> UInt8 {
        guard let value = rest.popFirst() else { throw .endsEarly }
        return value
    }

    /// Reads four bytes.
    public mutating func readUInt32() throws(FrameError) -> UInt32 { try readInteger() }

    /// Reads eight bytes.
    public mutating func readUInt64() throws(FrameError) -> UInt64 { try readInteger() }

    /// Reads a text, or that there is none; what is no UTF-8 in it becomes U+FFFD.
    public mutating func readText() throws(FrameError) -> String? {
        let length = try readUInt32()
        guard length != FrameWriter.noText else { return nil }
        return String(decoding: try take(Int(length)), as: UTF8.self)
    }

    /// Reads bytes; they keep the whole frame in memory as long as they live.
    public mutating func readBytes() throws(FrameError) -> ArraySlice<UInt8> { try take(Int(try readUInt32())) }

    /// Reads a list of at most `limit` elements, each by `read`, which takes at least one byte.
    public mutating func readList<Element>(
        limit: Int, _ read: (inout FrameReader) throws(FrameError) -> Element
    ) throws(FrameError) -> [Element] {
        let count = Int(try readUInt32())
        guard count <= min(limit, rest.count) else { throw .tooManyElements(count) }
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }

    /// Makes sure that nothing is left.
    public func finish() throws(FrameError) {
        guard rest.isEmpty else { throw .hasMore(bytes: rest.count) }
    }

    private mutating func take(_ count: Int) throws(FrameError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .endsEarly }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func readInteger<Value: FixedWidthInteger>() throws(FrameError) -> Value {
        let bytes = try take(MemoryLayout<Value>.size)
        return bytes.reversed().reduce(0) { $0 << 8 | Value($1) }
    }
}
