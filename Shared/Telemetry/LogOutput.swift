import Foundation
import Synchronization

/// Writes whole lines to a descriptor, one after the other, and gives lines up rather than waiting for a reader for long.
final class LogOutput: Sendable {
    /// Standard error, shared by every logger of the process so that their lines do not mix.
    static let standardError = LogOutput(descriptor: STDERR_FILENO)

    /// How many lines of the process were given up because nobody read them, or because the descriptor failed.
    static let lost = Atomic<Int>(0)

    /// How long, in milliseconds, a line waits for a reader that has kept up so far.
    private static let patience: Int32 = 50
    /// A pipe that has room takes this much without blocking (`PIPE_BUF`).
    private static let atomicSize = 4096

    private struct State {
        /// The last line was lost, so the next one does not wait at all: a dead reader costs its patience once.
        var isStuck = false
        /// The last line was lost in its middle, so the next one begins on a new line.
        var isMidLine = false
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    init(descriptor: Int32) { self.descriptor = descriptor }

    func write(_ line: [UInt8]) {
        state.withLock { state in
            let bytes = state.isMidLine ? [UInt8(ascii: "\n")] + line : line
            let written = write(bytes, patience: state.isStuck ? 0 : Self.patience)
            state.isStuck = written < bytes.count
            if written > 0 { state.isMidLine = state.isStuck }
            if state.isStuck { Self.lost.wrappingAdd(1, ordering: .relaxed) }
        }
    }

    /// Answers how many bytes went out.
    private func write(_ bytes: [UInt8], patience: Int32) -> Int {
        var start = 0
        while start < bytes.count, isWritable(patience: patience) {
            let count = min(bytes.count - start, Self.atomicSize)
            let written = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: start), count)
            }
            if written > 0 {
                start += written
            } else if errno != EINTR && errno != EAGAIN {
                break
            }
        }
        return start
    }

    /// A pipe whose reader is gone also answers, with an error: writing to it would end the process with SIGPIPE.
    private func isWritable(patience: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, patience) == 1 else { return false }
        return Int32(request.revents) & (POLLOUT | POLLERR | POLLNVAL) == POLLOUT
    }
}
