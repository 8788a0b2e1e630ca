import Crypto
import Foundation

/// A request as bytes, and what its answer must be.
struct WireRequest: Sendable {
    /// Method and path, for errors.
    let name: String
    let bytes: [UInt8]
    let status: Int
    let id: UUID?

    /// Checks the answer and reads the id that its JSON begins with; throws what was answered.
    @discardableResult
    func check(_ response: WireResponse) throws(BenchError) -> UUID? {
        guard response.status == status else {
            throw BenchError("\(name) was answered \(response.status), not \(status): \(response.text)")
        }
        let answered = response.leadingID
        guard id == nil || answered == id else { throw BenchError("\(name) answered another job: \(response.text)") }
        return answered
    }
}

/// An answer: status and body.
struct WireResponse: Sendable {
    let status: Int
    let body: [UInt8]

    /// The body's beginning, for errors.
    var text: String { String(decoding: body.prefix(2000), as: UTF8.self) }

    /// The id of a body that begins with `{"id":"…"`.
    var leadingID: UUID? {
        guard body.count > 44, body.starts(with: #"{"id":""#.utf8) else { return nil }
        return UUID(text: String(decoding: body[7..<43], as: UTF8.self))
    }
}

/// One keep-alive connection over a non-blocking socket, with one request on its way at a time.
///
/// It understands what the gateway sends to such requests and no more: a status line, headers with Content-Length, a body.
/// Belongs to one thread.
final class WireConnection {
    private static let largestAnswer = 16 << 20

    let descriptor: Int32
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var incoming = [UInt8](repeating: 0, count: 32 << 10)
    private var filled = 0

    /// Connects; waits up to 5 s.
    init(host: String, port: UInt16) throws(BenchError) { descriptor = try Self.connect(host: host, port: port) }

    deinit { close(descriptor) }

    /// Whether part of the request still waits for room in the socket.
    var wantsToWrite: Bool { sent < outgoing.count }

    /// Begins a request; what the socket does not take at once goes out by `flush`.
    func begin(_ request: WireRequest) throws(BenchError) {
        outgoing = request.bytes
        sent = 0
        filled = 0
        try flush()
    }

    /// Sends as much as the socket takes.
    func flush() throws(BenchError) {
        while wantsToWrite {
            let count = outgoing.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                throw .system("send")
            }
        }
    }

    /// Reads what has come; answers the response once it is complete.
    func receive() throws(BenchError) -> WireResponse? {
        if filled == incoming.count { try grow() }
        let count = incoming.withUnsafeMutableBytes { bytes in
            recv(descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled, 0)
        }
        guard count != 0 else { throw BenchError("the server closed a keep-alive connection") }
        guard count > 0 else {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw .system("recv")
        }
        filled += count
        return try incoming.withUnsafeBufferPointer { bytes throws(BenchError) in
            try AnswerReader(UnsafeBufferPointer(rebasing: bytes[..<filled])).response()
        }
    }

    /// Sends one request and waits for its answer, which must be as the request says.
    func exchange(_ request: WireRequest, limit: Duration = .seconds(30)) throws(BenchError) -> WireResponse {
        let deadline = ContinuousClock.now + limit
        try begin(request)
        while ContinuousClock.now < deadline {
            var interest = pollfd(
                fd: descriptor, events: Int16(wantsToWrite ? POLLIN | POLLOUT : POLLIN), revents: 0)
            guard poll(&interest, 1, 1000) > 0 else { continue }
            try flush()
            if let response = try receive() {
                try request.check(response)
                return response
            }
        }
        throw BenchError("\(request.name) was not answered within \(limit)")
    }

    private func grow() throws(BenchError) {
        guard incoming.count < Self.largestAnswer else {
            throw BenchError("an answer is larger than \(Self.largestAnswer) bytes")
        }
        incoming += [UInt8](repeating: 0, count: incoming.count)
    }

    private static func connect(host: String, port: UInt16) throws(BenchError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var addresses: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &addresses)
        guard code == 0, let address = addresses?.pointee else {
            throw BenchError("\(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(addresses) }
        let descriptor = socket(address.ai_family, address.ai_socktype, 0)
        guard descriptor >= 0 else { throw .system("socket") }
        // The bound on connecting; afterwards nothing blocks.
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        guard Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0,
            fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else {
            let error = BenchError.system("connect to \(host):\(port)")
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
