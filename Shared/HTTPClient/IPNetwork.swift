import Foundation

/// An IP address: 4 bytes of IPv4 or 16 of IPv6.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The bytes in network order.
    public let bytes: [UInt8]

    /// Makes an address of 4 or 16 bytes; nil for any other number.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads the usual text of an address; nil for anything else, also for shortened IPv4 such as `127.1`.
    public init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes[..<4])
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    /// The address in a socket address; nil for other families.
    init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
    }

    /// The usual text.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The IPv4 address that this one is another spelling of: IPv4-mapped (RFC 4291) and NAT64 (RFC 6052).
    var wrapped: IPAddress? {
        guard bytes.count == 16, IPNetwork.mapped.contains(self) || IPNetwork.nat64.contains(self) else { return nil }
        return IPAddress(Array(bytes[12...]))
    }

    /// The IPv4 addresses at which a tunnel's packets may end up: those of 6to4 (RFC 3056) and of ISATAP (RFC 5214).
    var tunnelled: [IPAddress] {
        guard bytes.count == 16 else { return [] }
        var ends: [IPAddress?] = []
        if IPNetwork.sixToFour.contains(self) { ends.append(IPAddress(Array(bytes[2..<6]))) }
        if [[0, 0, 0x5E, 0xFE], [2, 0, 0x5E, 0xFE]].contains(Array(bytes[8..<12])) {
            ends.append(IPAddress(Array(bytes[12...])))
        }
        return ends.compactMap(\.self)
    }
}

/// A block of addresses, such as `10.0.0.0/8` or `fd00::/8`.
public struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    private let length: Int

    /// Reads `ADDRESS/LENGTH`, or one address; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = IPAddress(parts[0]) else { return nil }
        let whole = address.bytes.count * 8
        guard let length = parts.count == 2 ? Int(parts[1]) : whole, (0...whole).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    /// Whether the address lies in the block; one of the other family never does.
    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = length / 8
        guard address.bytes[..<whole] == other.bytes[..<whole] else { return false }
        guard length % 8 != 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (length % 8))
        return address.bytes[whole] & mask == other.bytes[whole] & mask
    }
}
