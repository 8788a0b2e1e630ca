/// gzip streams (RFC 1952) of two kinds that need no compressor: stored, and of one byte repeated.
enum Gzip {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]

    /// The bytes in stored blocks (RFC 1951, 3.2.4).
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var result = header
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            result.append(rest.isEmpty ? 1 : 0)
            result += little(count) + little(~count) + block
        } while !rest.isEmpty
        return result + little(checksum(bytes)) + little(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// What begins a stream of zero bytes: the header, a block with the fixed codes (RFC 1951, 3.2.6), one literal
    /// zero, and copies, so that the next bit is the first of a byte.
    ///
    /// A copy of 258 bytes at distance 1 is the 8 bits 11000101 and 5 zeros. Block start (3 bits: last, fixed) and
    /// literal (8 bits 00110000) are 11 bits; with 5 copies (65 bits) it is 76, and with one of the shortest, 3 bytes
    /// (7 bits 0000001 and 5 zeros), 88 bits: 11 bytes.
    static let bombStart: [UInt8] =
        header + packed("110" + "00110000" + String(repeating: copy, count: 5) + "0000001" + "00000")

    /// Eight more copies: 13 bytes that inflate to 2,064.
    static let bombPart: [UInt8] = packed(String(repeating: copy, count: 8))
    static let bombPartSize = 8 * 258

    private static let copy = "11000101" + "00000"

    /// Bits in the order of the stream, of which the first is a byte's lowest.
    private static func packed(_ bits: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (bits.utf8.count + 7) / 8)
        for (place, bit) in bits.utf8.enumerated() where bit == UInt8(ascii: "1") {
            bytes[place / 8] |= 1 << (place % 8)
        }
        return bytes
    }

    private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
    }

    /// CRC-32 (RFC 1952, 8).
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}
