import Foundation
import Synchronization

/// A DNS server on loopback that answers from a script and counts what it is asked (RFC 1035, over UDP alone).
///
/// A name's script is a list of answers: the first question of a type gets the first, the next the second, and the last one stays. So a
/// lookup, which asks for A and AAAA once each, sees one answer whole.
public final class NameServer: Sendable {
    /// What a name leads to.
    public enum Answer: Sendable {
        /// IPv4 and IPv6 addresses, as text.
        case addresses([String])
        /// Another name (CNAME), whose own script says what it leads to.
        case alias(String)
    }

    private struct State {
        var questions: [String: [UInt16: Int]] = [:]
        var isStopped = false
    }

    private static let typeA: UInt16 = 1
    private static let typeAlias: UInt16 = 5
    private static let typeAAAA: UInt16 = 28

    private let script: [String: [Answer]]
    private let descriptor: Int32
    private let state = Mutex(State())

    /// Starts it on port 53 of an address of loopback, which only root may; names are in lower case.
    public init(address: String, script: [String: [Answer]]) throws {
        self.script = script
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var here = sockaddr_in()
        here.sin_family = sa_family_t(AF_INET)
        here.sin_port = UInt16(53).bigEndian
        let isAddress = inet_pton(AF_INET, address, &here.sin_addr) == 1
        // It looks now and then whether it is to end.
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let isBound = withUnsafePointer(to: &here) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isAddress, isBound else {
            close(descriptor)
            throw TestKitError("no name server on \(address): \(String(cString: strerror(errno)))")
        }
        Thread.detachNewThread { [self] in serve() }
    }

    /// How often somebody has asked for the name's IPv4 addresses, which each lookup does once.
    public func lookups(of name: String) -> Int { state.withLock { $0.questions[name]?[Self.typeA] ?? 0 } }

    /// Ends it.
    public func stop() { state.withLock { $0.isStopped = true } }

    private func serve() {
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 512)
        while !state.withLock(\.isStopped) {
            var client = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &client) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let count = recvfrom(descriptor, &buffer, buffer.count, 0, address, &length)
                    guard count > 0, let answer = answer(to: buffer[..<count]) else { return }
                    sendto(descriptor, answer, answer.count, 0, address, length)
                }
            }
        }
    }

    /// The answer to a message of one question; nil for anything else.
    private func answer(to message: ArraySlice<UInt8>) -> [UInt8]? {
        var labels: [String] = []
        var index = 12
        while index < message.count, message[index] > 0 {
            let end = index + 1 + Int(message[index])
            guard end < message.count else { return nil }
            labels.append(String(decoding: message[(index + 1)..<end], as: UTF8.self))
            index = end
        }
        guard message.count >= index + 5 else { return nil }
        let type = UInt16(message[index + 1]) << 8 | UInt16(message[index + 2])
        let records = records(of: labels.joined(separator: ".").lowercased(), type)
        let count = records?.count ?? 0
        // An authoritative answer; 3 is for a name that does not exist.
        let head = [message[0], message[1], 0x85, records == nil ? 0x83 : 0x80, 0, 1, 0, UInt8(count), 0, 0, 0, 0]
        return head + message[12..<(index + 5)] + (records ?? []).joined()
    }

    /// Nil for a name that nobody knows.
    private func records(of name: String, _ type: UInt16, hops: Int = 0) -> [[UInt8]]? {
        guard let answers = script[name], hops < 8 else { return nil }
        let number = state.withLock { state in
            state.questions[name, default: [:]][type, default: 0] += 1
            return state.questions[name]?[type] ?? 1
        }
        switch answers[min(number, answers.count) - 1] {
        case .addresses(let list):
            return list.compactMap { Self.bytes(of: $0, type).map { Self.record(of: name, type, $0) } }
        case .alias(let other):
            guard let rest = records(of: other, type, hops: hops + 1) else { return nil }
            return [Self.record(of: name, Self.typeAlias, Self.encoded(other))] + rest
        }
    }

    /// A record that may not be kept: its time to live is 0.
    private static func record(of name: String, _ type: UInt16, _ data: [UInt8]) -> [UInt8] {
        encoded(name) + [0, UInt8(type), 0, 1, 0, 0, 0, 0, 0, UInt8(data.count)] + data
    }

    private static func encoded(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// The address, if it is one of the type that was asked for.
    private static func bytes(of address: String, _ type: UInt16) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: type == typeA ? 4 : 16)
        guard type == typeA || type == typeAAAA else { return nil }
        return inet_pton(type == typeA ? AF_INET : AF_INET6, address, &bytes) == 1 ? bytes : nil
    }
}
