import Foundation

/// A plain socket that speaks literal HTTP text. Every read has a deadline; a read that meets it throws.
///
/// The blocking calls run on threads of their own, so that the server's handlers keep theirs.
final class Client: Sendable {
    struct Failure: Error { let reason: String }

    struct Response: Sendable {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    // Both are touched by one call at a time: a test awaits each call before the next.
    nonisolated(unsafe) private var socket: Int32
    nonisolated(unsafe) private var buffer = Data()

    init(port: UInt16, receiveBuffer: Int32? = nil) async throws {
        socket = try await onThread {
            let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else {
                let code = errno
                close(descriptor)
                throw Failure(reason: "connect: \(String(cString: strerror(code)))")
            }
            return descriptor
        }
    }

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// Sends text as it is.
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends bytes; throws when they cannot all be sent within 10 s.
    func send(_ bytes: [UInt8]) async throws {
        try await onThread { [socket] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(reason: "send: \(String(cString: strerror(errno)))") }
                sent += count
            }
        }
    }

    /// Sends what fits the sockets' buffers now and answers how much that was.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(0, Foundation.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)))
    }

    /// Closes the connection in an orderly way (FIN).
    func disconnect() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Goes away like a process that died with unread data (RST).
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(socket)
        socket = -1
    }

    /// Reads one response, chunked or with a length; `hasBody` is false for HEAD.
    func response(hasBody: Bool = true) async throws -> Response {
        let head = try await line(endingWith: "\r\n\r\n")
        var response = Response()
        let lines = head.components(separatedBy: "\r\n")
        guard lines[0].hasPrefix("HTTP/1.1 "), let status = Int(lines[0].dropFirst(9).prefix(3)) else {
            throw Failure(reason: "not a response: \(head)")
        }
        response.status = status
        for line in lines.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            response.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        guard hasBody, status >= 200 else { return response }
        if response.headers["transfer-encoding"] == "chunked" {
            while let chunk = try await chunk() { response.body += chunk }
        } else if let length = response.headers["content-length"].flatMap({ Int($0) }) {
            response.body = try await bytes(length)
        }
        return response
    }

    /// Reads one chunk of a chunked body, nil at its end.
    func chunk() async throws -> [UInt8]? {
        let size = try await line(endingWith: "\r\n")
        guard let count = Int(size.trimmingCharacters(in: .newlines), radix: 16) else {
            throw Failure(reason: "bad chunk size \(size.prefix(50))")
        }
        let chunk = try await bytes(count + 2).dropLast(2)
        return count == 0 ? nil : Array(chunk)
    }

    /// Reads chunks until their text together contains `text`; answers all of it.
    func chunks(until text: String) async throws -> String {
        var all = ""
        while !all.contains(text) {
            guard let chunk = try await chunk() else { throw Failure(reason: "ended before '\(text)': \(all)") }
            all += String(decoding: chunk, as: UTF8.self)
        }
        return all
    }

    /// Reads until the server closes the connection, for whatever reason.
    func readToEnd() async throws -> String {
        while try await fill() {}
        defer { buffer = Data() }
        return String(decoding: buffer, as: UTF8.self)
    }

    private func line(endingWith end: String) async throws -> String {
        while true {
            if let range = buffer.range(of: Data(end.utf8)) {
                defer { buffer = buffer[range.upperBound...] }
                return String(decoding: buffer[..<range.upperBound], as: UTF8.self)
            }
            guard try await fill() else {
                throw Failure(reason: "closed; got: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    private func bytes(_ count: Int) async throws -> [UInt8] {
        while buffer.count < count {
            guard try await fill() else { throw Failure(reason: "closed after \(buffer.count) of \(count) bytes") }
        }
        defer { buffer = buffer.dropFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func fill() async throws -> Bool {
        let received = try await onThread { [socket] () -> [UInt8] in
            var room = [UInt8](repeating: 0, count: 65_536)
            let count = recv(socket, &room, room.count, 0)
            if count < 0, errno == EAGAIN { throw Failure(reason: "nothing came for 10 s") }
            return Array(room.prefix(max(0, count)))
        }
        buffer += received
        return !received.isEmpty
    }
}

/// Runs a blocking call outside Swift's cooperative pool.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
