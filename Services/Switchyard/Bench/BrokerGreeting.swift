import Foundation

/// Reads RabbitMQ's version from its greeting, which it sends before anybody logs in.
enum BrokerGreeting {
    /// Sends the protocol header of AMQP 0-9-1 and looks in Connection.Start for the server property `version`; waits up to 5 s.
    static func version(_ url: URL) throws(BenchError) -> String {
        guard url.scheme == "amqp" else { throw BenchError("the greeting is only read without TLS") }
        let connection = try WireConnection(
            host: url.host ?? "127.0.0.1", port: UInt16(exactly: url.port ?? 5672) ?? 5672)
        try connection.begin(
            WireRequest(name: "AMQP", bytes: Array("AMQP\u{0}\u{0}\u{9}\u{1}".utf8), status: 0, id: nil))
        var greeting: [UInt8] = []
        let deadline = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < deadline {
            var interest = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&interest, 1, 1000) > 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection.descriptor, &chunk, chunk.count, 0)
            guard count > 0, greeting.count < 1 << 16 else { break }
            greeting += chunk[..<count]
            if let version = property("version", in: greeting) { return version }
        }
        throw BenchError("no version in the broker's greeting")
    }

    /// A field of a table: the name after its length, `S`, four bytes of length, the text.
    private static func property(_ name: String, in bytes: [UInt8]) -> String? {
        let mark = [UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(ascii: "S")]
        guard let found = bytes.firstRange(of: mark), found.upperBound + 4 <= bytes.count else { return nil }
        let length = bytes[found.upperBound..<found.upperBound + 4].reduce(0) { $0 << 8 | Int($1) }
        let start = found.upperBound + 4
        guard start + length <= bytes.count else { return nil }
        return String(decoding: bytes[start..<start + length], as: UTF8.self)
    }
}
