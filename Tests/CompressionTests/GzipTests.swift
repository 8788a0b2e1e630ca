import Testing

@testable import Compression

@Suite struct GzipTests {
    /// Made by gzip 1.12 of `hello\n`, with a file name in the header.
    private static let named: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x78, 0x00, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xE7,
        0x02,
        0x00, 0x20, 0x30, 0x3A, 0x36, 0x06, 0x00, 0x00, 0x00,
    ]

    private func member(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
        var writer = try GzipWriter(level: level)
        return try writer.member(bytes)
    }

    private func kind(_ bytes: [UInt8], limit: Int = 1000) -> CompressionError.Kind? {
        do throws(CompressionError) {
            _ = try Gzip.inflate(bytes, limit: limit)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func aMemberOfAnotherProgramIsRead() throws {
        #expect(try Gzip.inflate(Self.named, limit: 6) == Array("hello\n".utf8))
    }

    @Test(arguments: [0, 1, 2, 65_535, 65_536, 65_537, 200_000]) func whatIsWrittenIsRead(count: Int) throws {
        let pattern = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 0x9E37_79B9 >> 13) }
        for content in [[UInt8](repeating: 7, count: count), pattern] {
            for level in [1, 9] {
                #expect(try Gzip.inflate(member(content, level: level), limit: count) == content)
            }
        }
    }

    @Test func membersFollowEachOther() throws {
        var writer = try GzipWriter()
        var file = Self.named
        for text in ["a", "", "bcd"] { file += try writer.member(Array(text.utf8)) }
        #expect(try Gzip.inflate(file, limit: 10) == Array("hello\nabcd".utf8))
        #expect(try Gzip.inflate(file + [0, 0, 0], limit: 10) == Array("hello\nabcd".utf8))
        #expect(kind(file, limit: 9) == .tooLarge)
        #expect(kind(file + [0x1F, 0x8B]) == .truncated)
        #expect(kind(file.dropLast()) == .truncated)
    }

    @Test func aBombIsStoppedAtTheLimit() throws {
        let bomb = try member([UInt8](repeating: 0, count: 20_000_000), level: 9)
        #expect(bomb.count < 25_000)
        #expect(kind(bomb, limit: 100_000) == .tooLarge)
        #expect(kind(bomb, limit: 19_999_999) == .tooLarge)
        #expect(kind(bomb, limit: 20_000_000) == nil)
        #expect(kind(Self.named, limit: 0) == .tooLarge)
        #expect(kind(try member([]), limit: 0) == nil)
    }

    @Test func whatIsNoGzipIsRefused() {
        #expect(kind([]) == .truncated)
        #expect(kind(Array("hello".utf8)) == .broken)
        #expect(kind([0x1F]) == .truncated)
        #expect(kind([0x78, 0x9C, 0x03, 0x00]) == .broken)
        #expect(!Gzip.isGzip([0x1F]) && Gzip.isGzip(Self.named))
    }

    @Test func aCutMemberIsTruncated() {
        for count in 0..<Self.named.count { #expect(kind(Array(Self.named.prefix(count))) == .truncated) }
    }

    @Test func aChangedChecksumIsNoticed() {
        for place in Self.named.indices.suffix(8) {
            var changed = Self.named
            changed[place] ^= 1
            #expect(kind(changed) == .broken)
        }
    }

    @Test func anyByteMayBeChanged() {
        for place in Self.named.indices {
            for bit in 0..<8 {
                var changed = Self.named
                changed[place] ^= 1 << bit
                // Only the header's fields that mean nothing to the content, and the bits that fill its last byte, may differ unnoticed.
                if kind(changed) == nil { #expect((3..<12).contains(place) || place == 19 && bit > 1) }
            }
        }
    }
}
