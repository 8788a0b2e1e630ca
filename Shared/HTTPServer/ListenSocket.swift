import Glibc

/// Opens a listening TCP socket; libmicrohttpd's own errors do not tell a taken port from anything else.
func listenSocket(host: String, port: UInt16) throws(HTTPServerError) -> (socket: Int32, port: UInt16) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0, let address = list else {
        throw .cannotListen(host: host, port: port, reason: String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(list) }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(address.pointee.ai_family, type, 0)
    var yes: Int32 = 1
    guard descriptor >= 0,
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0,
        bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(descriptor, 1024) == 0
    else {
        let code = errno
        if descriptor >= 0 { close(descriptor) }
        if code == EADDRINUSE { throw .addressInUse(host: host, port: port) }
        throw .cannotListen(host: host, port: port, reason: String(cString: strerror(code)))
    }
    return (descriptor, boundPort(descriptor))
}

private func boundPort(_ descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes in
        guard let start = bytes.baseAddress else { return 0 }
        guard getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &length) == 0 else { return 0 }
        // The port is at the same place in IPv4 and IPv6 addresses, in network order.
        return UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
    }
}
