import Foundation

/// A TCP port on which nobody may call: it listens, answers nothing, and knows whether anybody has connected, also if they sent nothing.
public final class SilentListener: Sendable {
    private let descriptor: Int32

    /// Listens; throws when the port is taken or the host is no address.
    public init(host: String, port: UInt16) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let address = list?.pointee else {
            throw TestKitError("\(host) is no address")
        }
        defer { freeaddrinfo(list) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(address.ai_family, type, 0)
        guard descriptor >= 0, bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, listen(descriptor, 1024) == 0
        else { throw TestKitError("cannot listen on \(host), port \(port): \(String(cString: strerror(errno)))") }
    }

    /// Also after a throw of `init`.
    deinit { close(descriptor) }

    /// How many have connected since it was asked the last time.
    public func takeCalls() -> Int {
        var count = 0
        while case let call = accept(descriptor, nil, nil), call >= 0 {
            close(call)
            count += 1
        }
        return count
    }
}
