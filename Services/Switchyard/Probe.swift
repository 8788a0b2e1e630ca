import Concurrency
import Foundation

/// Asks services on this machine for one page at a time; blocks only its own thread.
actor Probe {
    struct Answer: Sendable {
        /// The HTTP status; 0 when nobody answers.
        let status: Int
        let body: String
    }

    private let executor = ThreadExecutor(name: "probe")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    deinit { executor.stop() }

    /// `GET`; waits 3 s for an answer at the most.
    func get(_ url: String, key: String? = nil) -> Answer {
        let none = Answer(status: 0, body: "it does not answer")
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port.flatMap(UInt16.init)
        else { return none }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return none }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return none }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let request = Array(
            "GET \(parts.path) HTTP/1.1\r\nHost: \(host)\r\n\(authorization)Connection: close\r\n\r\n".utf8)
        guard connected == 0, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return none
        }
        return parse(read(descriptor)) ?? none
    }

    private func read(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 20, case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    private func parse(_ bytes: [UInt8]) -> Answer? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("HTTP/1."), let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return Answer(
            status: status, body: text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? "")
    }
}
