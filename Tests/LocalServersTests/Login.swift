import Foundation
import LocalServers

/// Whether the broker lets this user into this virtual host: the opening frames of AMQP 0-9-1, and no client library.
func login(_ url: String) async throws -> Bool {
    guard let parts = URLComponents(string: url), let port = parts.port else { return false }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 15, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard connected == 0 else { throw ServerError(.unhealthy, "nobody listens on port \(port)") }

    send(descriptor, Array("AMQP".utf8) + [0, 0, 9, 1])
    guard try method(descriptor) == [0, 10, 0, 10] else { return false }
    let response = [0] + Array((parts.user ?? "").utf8) + [0] + Array((parts.password ?? "").utf8)
    let startOk = [0, 10, 0, 11] + long(0) + short("PLAIN") + long(response.count) + response + short("en_US")
    send(descriptor, frame(startOk))
    guard try method(descriptor) == [0, 10, 0, 30] else { return false }
    send(descriptor, frame([0, 10, 0, 31, 7, 255, 0, 2, 0, 0, 0, 0]))
    send(descriptor, frame([0, 10, 0, 40] + short(String(parts.path.dropFirst())) + short("") + [0]))
    return try method(descriptor) == [0, 10, 0, 41]
}

private func send(_ descriptor: Int32, _ bytes: [UInt8]) {
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
}

/// The class and method of the next frame; empty when the broker closes instead.
private func method(_ descriptor: Int32) throws -> [UInt8] {
    let head = read(descriptor, 7)
    guard head.count == 7 else { return [] }
    let size = head[3...6].reduce(0) { $0 << 8 | Int($1) }
    return Array(read(descriptor, size + 1).prefix(4))
}

private func read(_ descriptor: Int32, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
    return Array(bytes.prefix(max(0, received)))
}

private func frame(_ payload: [UInt8]) -> [UInt8] { [1, 0, 0] + long(payload.count) + payload + [0xCE] }

private func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

private func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
