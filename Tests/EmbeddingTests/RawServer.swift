import Foundation
import HTTPServer
import Synchronization
import TestKit

/// A server on loopback that serves one connection after the other, one request each, as badly as it is told to.
final class RawServer: Sendable {
    enum Manner: Sendable {
        /// What a server answers that is well.
        case well
        /// Reads the request and resets the connection.
        case reset
        /// Closes the connection at once.
        case close
        /// Announces the whole answer, and closes after a half of it.
        case half
        /// Sends a byte of the answer from time to time, without an end.
        case drip
        /// No HTTP.
        case noise
    }

    let port: UInt16
    private let listener: Int32
    private let manner: @Sendable (Int) -> Manner
    private let served = Mutex(0)

    /// Starts it.
    ///
    /// - Parameter manner: of the connection with this number, from 0.
    init(_ manner: @escaping @Sendable (Int) -> Manner) throws {
        self.manner = manner
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isUp = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isUp else {
            close(listener)
            throw TestKitError("cannot listen: \(String(cString: strerror(errno)))")
        }
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                serve(connection)
                Glibc.close(connection)
            }
            Glibc.close(listener)
        }
    }

    /// How many connections came.
    var connections: Int { served.withLock { $0 } }

    /// Ends it: `accept` fails then, and its thread closes the socket.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        let count = served.withLock { served in
            served += 1
            return served - 1
        }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let manner = manner(count)
        guard manner != .close, let body = request(connection) else { return }
        guard case .bytes(let bytes) = KnownVectors.answer(EmbeddingCall(body)).body else { return }
        let head = Array("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n".utf8)
        switch manner {
        case .close: break
        case .well: _ = write(head + bytes, to: connection)
        case .half: _ = write(head + bytes.prefix(bytes.count / 2), to: connection)
        case .noise: _ = write(Array("220 mail.example.org ESMTP\r\n".utf8), to: connection)
        case .reset:
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        case .drip:
            guard write(head, to: connection) else { return }
            // Until the client goes.
            for byte in bytes where write([byte], to: connection) { usleep(20_000) }
        }
    }

    /// The body of the request; nil when it does not come.
    private func request(_ connection: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
                let length = head.components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                if let length, bytes.count >= end.upperBound + length { return Array(bytes[end.upperBound...]) }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
