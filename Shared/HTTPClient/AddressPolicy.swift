import Foundation

/// Which addresses a client may connect to: the public internet, and what is allowed by name.
///
/// It is asked when a socket is about to be opened, with the very address that will be connected to. So it holds whatever a name
/// resolves to at that moment, at every hop of a redirect, and for every spelling of an address.
public struct AddressPolicy: Sendable, Hashable {
    /// Blocks that are allowed although they are not public.
    public var networks: [IPNetwork]
    /// Names, in lower case, that may resolve to any address.
    public var hosts: Set<String>

    /// Makes a policy; without arguments only public addresses are allowed.
    public init(networks: [IPNetwork] = [], hosts: Set<String> = []) {
        self.networks = networks
        self.hosts = Set(hosts.map { $0.lowercased() })
    }

    /// Reads what operators write: addresses, blocks and names; nil when a part is none of these.
    public init?(_ list: [String]) {
        self.init()
        for part in list {
            if let network = IPNetwork(part) {
                networks.append(network)
            } else if part.contains(where: \.isLetter),
                part.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) })
            {
                hosts.insert(part.lowercased())
            } else {
                return nil
            }
        }
    }

    /// Whether a connection to this address may be opened for a URL with this host.
    public func allows(_ address: IPAddress, host: String) -> Bool {
        hosts.contains(host.lowercased()) || networks.contains { $0.contains(address) } || Self.isPublic(address)
    }

    /// Whether the address belongs to the public internet, and so does every IPv4 address that it wraps.
    static func isPublic(_ address: IPAddress) -> Bool {
        if let wrapped = address.wrapped { return isPublic(wrapped) }
        guard address.bytes.count == 16 else { return !IPNetwork.special4.contains { $0.contains(address) } }
        return IPNetwork.global6.contains(address) && !IPNetwork.special6.contains { $0.contains(address) }
            && address.tunnelled.allSatisfy(isPublic)
    }
}

/// The blocks of IANA's registries of special-purpose addresses (RFC 6890) as of 2025, but for those that are reachable from
/// everywhere, such as AS112 (RFC 7534).
extension IPNetwork {
    static let mapped = known("::ffff:0:0/96")
    static let nat64 = known("64:ff9b::/96")
    static let sixToFour = known("2002::/16")
    /// What is given out for the public internet; the rest of IPv6 is IPv4-compatible, NAT64 for local use, discard-only, for SRv6,
    /// link-local, unique local, multicast or reserved.
    static let global6 = known("2000::/3")

    static let special4 = [
        "0.0.0.0/8",  // this network
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private
        "100.64.0.0/10",  // shared by carriers (CGNAT)
        "127.0.0.0/8",  // loopback
        "168.63.129.16/32",  // public, but inside Azure each machine's own platform services
        "169.254.0.0/16",  // link-local, where clouds keep their metadata
        "192.0.0.0/24", "192.88.99.0/24",  // protocol assignments, 6to4 relays
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation
        "198.18.0.0/15",  // benchmarks
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and broadcast
    ].map(known)

    static let special6 = [
        "2001::/23",  // protocol assignments: Teredo, whose addresses carry two of IPv4, benchmarks, ORCHID, drones
        "2001:db8::/32", "3fff::/20",  // documentation
    ].map(known)

    private static func known(_ text: String) -> IPNetwork {
        guard let network = IPNetwork(text) else { preconditionFailure("\(text) is no network") }
        return network
    }
}
