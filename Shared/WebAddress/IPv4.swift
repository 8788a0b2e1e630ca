/// An IPv4 address in any of the spellings that C's `inet_aton` took: `127.1`, `0x7f.0.0.1`, `017700000001`.
struct IPv4 {
    private let number: UInt64

    /// Whether the last label is a number, so that the host is an address or nothing.
    static func isMeant(by host: [UInt8]) -> Bool {
        let host = withoutFinalDot(host)
        let last = host[(host.lastIndex(of: .dot).map { $0 + 1 } ?? host.startIndex)...]
        guard let first = last.first, first.isDigit else { return false }
        return last.allSatisfy(\.isDigit) || number(last) != nil
    }

    /// Nil when a label is no number, when there are more than four, or when one is too large for its place.
    init?(_ host: [UInt8]) {
        let labels = Self.withoutFinalDot(host).split(separator: .dot, omittingEmptySubsequences: false)
        guard labels.count <= 4 else { return nil }
        var address: UInt64 = 0
        for (index, label) in labels.enumerated() {
            // The last number fills all bytes that are left.
            let bytes = index == labels.count - 1 ? 4 - index : 1
            guard let number = Self.number(label), number < 1 << UInt64(8 * bytes) else { return nil }
            address = address << UInt64(8 * bytes) | number
        }
        number = address
    }

    /// Dotted decimals.
    var serialised: [UInt8] {
        let bytes = [24, 16, 8, 0].map { String(number >> UInt64($0) & 0xFF) }
        return Array(bytes.joined(separator: ".").utf8)
    }

    private static func withoutFinalDot(_ host: [UInt8]) -> ArraySlice<UInt8> {
        host.count > 1 && host.last == .dot ? host.dropLast() : host[...]
    }

    /// Reads decimal, octal (`0…`) or hexadecimal (`0x…`, also without digits); a number too large for any place is the largest.
    private static func number(_ label: ArraySlice<UInt8>) -> UInt64? {
        guard !label.isEmpty else { return nil }
        var (digits, radix) = (label, 10 as UInt64)
        if label.starts(with: "0x".utf8) {
            (digits, radix) = (label.dropFirst(2), 16)
        } else if label.first == 0x30, label.count > 1 {
            (digits, radix) = (label.dropFirst(), 8)
        }
        var number: UInt64 = 0
        for digit in digits {
            guard let value = digit.hexValue, value < radix else { return nil }
            number = min(number * radix + UInt64(value), 1 << 32)
        }
        return number
    }
}
