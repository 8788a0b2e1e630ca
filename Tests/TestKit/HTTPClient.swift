import Foundation
import JSON

/// A blocking HTTP/1.1 client for tests: one connection a request, every wait bounded by a socket timeout.
public struct HTTPClient: Sendable {
    /// An answer.
    public struct Response: Sendable {
        /// The status code.
        public let status: Int
        /// By lower-case name.
        public let headers: [String: String]
        /// The bytes.
        public let body: [UInt8]

        /// The body as JSON; null when it is none.
        public var json: JSON { (try? JSON.parse(body)) ?? .null }
        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Where it listens.
    public let port: UInt16
    /// An admin key of the namespace `default`; nil sends none.
    public let key: String?
    /// The bound of each read and write, in seconds.
    public let timeout: Int

    /// Makes it.
    public init(port: UInt16, key: String?, timeout: Int = 30) {
        self.port = port
        self.key = key
        self.timeout = timeout
    }

    /// Sends a request and reads the whole answer.
    public func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = []
    ) async throws -> Response {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try exchange(method, path, body: body, headers: headers) })
            }
        }
    }

    /// A GET.
    public func get(_ path: String) async throws -> Response { try await send("GET", path) }

    /// A POST of JSON.
    public func post(_ path: String, _ json: JSON, headers: [(String, String)] = []) async throws -> Response {
        try await send("POST", path, body: json.serialized(), headers: [("Content-Type", "application/json")] + headers)
    }

    private func exchange(_ method: String, _ path: String, body: [UInt8]?, headers: [(String, String)]) throws
        -> Response
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw HTTPClientError("no socket") }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            throw HTTPClientError("cannot connect to port \(port): \(String(cString: strerror(errno)))")
        }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let key { head += "Authorization: Bearer \(key)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try write(Array((head + "\r\n").utf8) + (body ?? []), to: descriptor)
        return try Self.parse(read(descriptor))
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // The server may answer and close before it has read everything, as it does with a body that is too large.
            guard count > 0 else { return }
            offset += count
        }
    }

    private func read(_ descriptor: Int32) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, bytes.isEmpty { throw HTTPClientError("no answer: \(String(cString: strerror(errno)))") }
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func parse(_ bytes: [UInt8]) throws -> Response {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw HTTPClientError("not an HTTP answer")
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw HTTPClientError("no status in \(lines[0])")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        var body = Array(bytes[end.upperBound...])
        if headers["transfer-encoding"] == "chunked" { body = unchunked(body) }
        return Response(status: status, headers: headers, body: body)
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let line = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16), size > 0,
            rest.distance(from: line.upperBound, to: rest.endIndex) >= size
        {
            body += rest[line.upperBound..<(line.upperBound + size)]
            rest = rest[(line.upperBound + size)...].dropFirst(2)
        }
        return body
    }
}

/// A request that got no answer.
public struct HTTPClientError: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    /// Makes it.
    public init(_ description: String) { self.description = description }
}
