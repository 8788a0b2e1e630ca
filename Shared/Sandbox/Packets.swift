import CSeccomp
import Foundation

/// Packets of words and descriptors between a process and its child, on a socket of the type `SOCK_SEQPACKET`.
public enum Packets {
    /// Sends words and up to three descriptors without blocking; false when the other end is gone or does not read.
    public static func send(_ words: [UInt64], descriptors: [Int32] = [], to socket: Int32) -> Bool {
        words.withUnsafeBytes { bytes in
            sandbox_send(socket, bytes.baseAddress, bytes.count, descriptors, descriptors.count) == bytes.count
        }
    }

    /// Receives one packet of up to 32 words; nil at the end of the connection.
    public static func receive(from socket: Int32) -> (words: [UInt64], descriptors: [Int32])? {
        var descriptors = [Int32](repeating: -1, count: Int(sandbox_max_descriptors))
        var count = 0
        var received = 0
        let words = [UInt64](unsafeUninitializedCapacity: 32) { buffer, used in
            repeat {
                received = sandbox_receive(
                    socket, buffer.baseAddress, buffer.count * MemoryLayout<UInt64>.stride, &descriptors, &count)
            } while received < 0 && errno == EINTR
            used = max(received, 0) / MemoryLayout<UInt64>.stride
        }
        return received > 0 ? (words, Array(descriptors.prefix(count))) : nil
    }
}
