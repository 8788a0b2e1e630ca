import Foundation

/// An IPv6 address as it stands between brackets.
struct IPv6 {
    private let pieces: [UInt16]

    /// Nil for what is no address; zones are not taken.
    init?(_ text: ArraySlice<UInt8>) {
        // Nothing else may reach the C function, least of all a zero byte.
        guard text.count < INET6_ADDRSTRLEN,
            text.allSatisfy({ $0.hexValue != nil || $0 == .colon || $0 == .dot })
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &bytes) == 1 else { return nil }
        pieces = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    }

    /// Eight pieces in hexadecimal, the first of the longest runs of zeros written as `::`. Unlike `inet_ntop` it never writes the
    /// end as IPv4.
    var serialised: [UInt8] {
        let hex = pieces.map { String($0, radix: 16) }
        guard let zeros = longestZeros else { return Array(hex.joined(separator: ":").utf8) }
        let left = hex[..<zeros.lowerBound].joined(separator: ":")
        let right = hex[zeros.upperBound...].joined(separator: ":")
        return Array("\(left)::\(right)".utf8)
    }

    /// The first of the longest runs of at least two zeros.
    private var longestZeros: Range<Int>? {
        var longest = 0..<1
        var start = 0
        for (index, piece) in pieces.enumerated() {
            if piece != 0 { start = index + 1 }
            if index + 1 - start > longest.count { longest = start..<(index + 1) }
        }
        return longest.count > 1 ? longest : nil
    }
}
