import Foundation

/// What stands before each frame between the pool and a child: its length in four bytes, little endian.
enum FrameHeader {
    static let length = 4

    static func bytes(_ count: Int) -> UInt32 { UInt32(count).littleEndian }

    /// What the first bytes of a frame say.
    static func value(of bytes: UnsafeRawBufferPointer) -> Int {
        bytes.prefix(length).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Sends as much as the socket takes now of a frame whose first `sent` bytes it has; answers how much, or -1.
    ///
    /// Header and payload go in one call: the reader wakes once.
    static func send(_ payload: [UInt8], from sent: Int, to socket: Int32) -> Int {
        var header = bytes(payload.count)
        return withUnsafeMutableBytes(of: &header) { header in
            payload.withUnsafeBytes { payload in
                let ahead = min(sent, length)
                var parts = [
                    iovec(iov_base: header.baseAddress?.advanced(by: ahead), iov_len: length - ahead),
                    part(payload, from: sent - ahead),
                ]
                return parts.withUnsafeMutableBufferPointer { parts in
                    var message = msghdr()
                    message.msg_iov = parts.baseAddress
                    message.msg_iovlen = parts.count
                    return sendmsg(socket, &message, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                }
            }
        }
    }

    private static func part(_ bytes: UnsafeRawBufferPointer, from start: Int) -> iovec {
        // The kernel only reads what it sends.
        iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.advanced(by: start),
            iov_len: bytes.count - start)
    }
}
