import Foundation
import Synchronization

/// A TCP proxy in front of the broker that can misbehave.
final class Proxy: Sendable {
    enum Mode: Equatable {
        case forward
        /// Keeps connections open and moves nothing.
        case stall
        /// Leaves what the client sends in its socket; what the broker sends passes.
        case readNothingFromClient
        /// Keeps what the broker sends on channel 1 to itself; heartbeats and other channels pass.
        case dropMainChannel
    }

    private struct State {
        var mode = Mode.forward
        var sockets: [Int32] = []
        var isClosed = false
    }

    let port: Int
    private let listener: Int32
    private let brokerPort: Int
    private let state = Mutex(State())

    init(to brokerPort: Int) {
        self.brokerPort = brokerPort
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = Proxy.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, length) == 0 && listen(listener, 16) == 0)
                getsockname(listener, pointer, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    func set(_ mode: Mode) { state.withLock { $0.mode = mode } }

    /// Cuts every connection that there is now.
    func cut() { state.withLock { state in for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) } } }

    func close() {
        state.withLock { $0.isClosed = true }
        cut()
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 || state.withLock({ $0.isClosed }) {
                Glibc.close(listener)
                return
            }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Proxy.loopback(port: brokerPort)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            // The descriptors stay open until the process ends, so that `cut` can never name a foreign one.
            state.withLock { $0.sockets += [client, server] }
            if !isConnected { shutdown(client, Int32(SHUT_RDWR)) }
            Thread.detachNewThread { [self] in pump(from: client, to: server, isFromBroker: false) }
            Thread.detachNewThread { [self] in pump(from: server, to: client, isFromBroker: true) }
        }
    }

    private func pump(from source: Int32, to target: Int32, isFromBroker: Bool) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var entry = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, 5) == 0 { continue }
            // Under the lock, so that nothing passes that comes after `set` has returned.
            let (mode, count) = state.withLock { state -> (Mode, Int?) in
                // A stalled peer does not even close.
                let isHeld = state.mode == .stall || (state.mode == .readNothingFromClient && !isFromBroker)
                return (state.mode, isHeld ? nil : read(source, &buffer, buffer.count))
            }
            guard let count else {
                usleep(5_000)
                continue
            }
            if count <= 0 { break }
            var output = Array(buffer[..<count])
            if isFromBroker {
                pending += output
                output = Proxy.takeFrames(&pending, dropsMainChannel: mode == .dropMainChannel)
            }
            if output.withUnsafeBytes({ send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) < 0 {
                break
            }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }

    /// Takes whole frames (type, channel, size, payload, end) out of `pending`.
    private static func takeFrames(_ pending: inout [UInt8], dropsMainChannel: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var start = 0
        while pending.count - start >= 7 {
            let size = pending[start + 3..<start + 7].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 7 + size + 1
            guard end <= pending.count else { break }
            let channel = Int(pending[start + 1]) << 8 | Int(pending[start + 2])
            if !(dropsMainChannel && channel == 1) { output += pending[start..<end] }
            start = end
        }
        pending.removeFirst(start)
        return output
    }
}
