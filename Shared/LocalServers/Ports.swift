import Foundation

/// TCP ports on loopback.
public enum Ports {
    /// A port that nobody listens on, other than the given ones.
    ///
    /// It lies below the range from which the system takes the ports of outgoing connections: a client that tries again and again
    /// to reach a stopped server would otherwise, sooner or later, be given that very port and keep the server from it.
    public static func free(except taken: Set<UInt16> = []) throws(ServerError) -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 15_000..<32_000)
            if !taken.contains(port), isFree(port) { return port }
        }
        throw ServerError(.portTaken, "found no free port between 15000 and 32000")
    }

    /// Whether one can listen on the port.
    public static func isFree(_ port: UInt16, host: String = "127.0.0.1") -> Bool {
        withSocket(port, host) { descriptor, address, length in
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            return bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
        }
    }

    /// Whether somebody accepts connections on the port.
    public static func isListening(_ port: UInt16, host: String = "127.0.0.1") -> Bool {
        withSocket(port, host) { descriptor, address, length in connect(descriptor, address, length) == 0 }
    }

    private static func withSocket(
        _ port: UInt16, _ host: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return false }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
