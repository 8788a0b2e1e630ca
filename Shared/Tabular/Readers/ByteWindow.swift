import Foundation

/// The part of a stream that a reader looks at: it grows while a record needs it, and forgets what was consumed.
struct ByteWindow: ~Copyable {
    private static let pieceLength = 256 << 10

    private let source: any ByteSource
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceLength * 2, alignment: 16)
    private var unread = 0..<0
    private(set) var isAtEnd = false

    init(_ source: any ByteSource) { self.source = source }

    deinit { buffer.deallocate() }

    /// How many bytes there are to look at.
    var count: Int { unread.count }

    /// What there is to look at; valid until the next change.
    var bytes: UnsafeBufferPointer<UInt8> {
        // The buffer holds raw bytes only, and is never rebound to another type.
        UnsafeBufferPointer(UnsafeMutableRawBufferPointer(rebasing: buffer[unread]).bindMemory(to: UInt8.self))
    }

    /// Whether there is anything to look at, after a look at the source where that is needed.
    mutating func hasBytes() throws(TableError) -> Bool {
        if count > 0 { return true }
        return try fill()
    }

    /// Forgets the first of them.
    mutating func consume(_ count: Int) { unread = (unread.lowerBound + count)..<unread.upperBound }

    /// Reads more behind what there is; false at the end. A window that is full doubles, so that looking again at a record from its start
    /// costs twice its length at most.
    mutating func fill() throws(TableError) -> Bool {
        guard !isAtEnd else { return false }
        let left = unread.count
        if left * 2 > buffer.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: buffer[unread])))
            buffer.deallocate()
            buffer = larger
        } else if unread.lowerBound > 0, let base = buffer.baseAddress {
            memmove(base, base + unread.lowerBound, left)
        }
        unread = 0..<left
        // Of a long record as much again as there is; else no more than a piece, to stay in the cache.
        let wanted = min(buffer.count - left, max(Self.pieceLength, left))
        let read = try source.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[left..<(left + wanted)]))
        unread = 0..<(left + read)
        if read < wanted { isAtEnd = true }
        return read > 0
    }

    /// Consumes up to and with the next end of a line, or all that is left; says whether there was one. Memory stays as it is.
    mutating func consumeLine() throws(TableError) -> Int {
        var consumed = 0
        while true {
            if let end = LineEnd.first(in: bytes, isWhole: isAtEnd) {
                consume(end.after)
                return consumed + end.after
            }
            // A CR at the very end is kept, for it may belong to an LF.
            let isCut = !isAtEnd && bytes.last == 0x0D
            let passed = unread.count - (isCut ? 1 : 0)
            consumed += passed
            consume(passed)
            guard try fill() else {
                guard isCut, isAtEnd else { return consumed }
                continue
            }
        }
    }
}

/// The end of a line: LF, CRLF or CR.
struct LineEnd {
    /// Where the line's own bytes end.
    let start: Int
    /// Where the next line begins.
    let after: Int

    /// The first one; nil when there is none, or a CR is the last byte and more may follow.
    static func first(in bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool) -> LineEnd? {
        guard let base = bytes.baseAddress else { return nil }
        let feed = memchr(base, 0x0A, bytes.count).map { UnsafeRawPointer($0) - UnsafeRawPointer(base) }
        let before = feed ?? bytes.count
        guard let carriage = memchr(base, 0x0D, before).map({ UnsafeRawPointer($0) - UnsafeRawPointer(base) }) else {
            return feed.map { LineEnd(start: $0, after: $0 + 1) }
        }
        if carriage + 1 == before, feed != nil { return LineEnd(start: carriage, after: carriage + 2) }
        if carriage + 1 == bytes.count, !isWhole { return nil }
        return LineEnd(start: carriage, after: carriage + 1)
    }

    /// The first LF, before which a CR may stand: what ends a line of JSON.
    static func feed(in bytes: UnsafeBufferPointer<UInt8>) -> LineEnd? {
        guard let base = bytes.baseAddress, let feed = memchr(base, 0x0A, bytes.count) else { return nil }
        let start = UnsafeRawPointer(feed) - UnsafeRawPointer(base)
        return LineEnd(start: start, after: start + 1)
    }

    /// How many LFs there are.
    static func feeds(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        for byte in bytes where byte == 0x0A { count += 1 }
        return count
    }

    /// How many lines end in the bytes.
    static func count(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        var rest = bytes
        while let end = first(in: rest, isWhole: true) {
            count += 1
            rest = UnsafeBufferPointer(rebasing: rest[end.after...])
        }
        return count
    }
}
