import Foundation
import JSON
import Testing

/// A pipe to log into and to read from.
final class LogPipe {
    let writeEnd: Int32
    private let readEnd: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// What is in the pipe now.
    func read() -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 0) == 1, case let count = Foundation.read(readEnd, &buffer, buffer.count), count > 0 {
            content += buffer[..<count]
        }
        return content
    }

    func lines() throws -> [JSON] {
        try read().split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
    }

    /// Leaves no room for a single byte.
    func fill() {
        let flags = fcntl(writeEnd, F_GETFL)
        _ = fcntl(writeEnd, F_SETFL, flags | O_NONBLOCK)
        let block = [UInt8](repeating: UInt8(ascii: " "), count: 4096)
        while write(writeEnd, block, block.count) > 0 {}
        while write(writeEnd, block, 1) > 0 {}
        _ = fcntl(writeEnd, F_SETFL, flags)
    }

    /// Takes up to a buffer's worth out of the pipe.
    func take(_ buffer: inout [UInt8]) -> Int { Foundation.read(readEnd, &buffer, buffer.count) }
}
