import CGMime

/// Bytes of a part, decoded from what mails carry them in.
final class MailContent {
    private static let pieceLength = 64 << 10

    private let stream: UnsafeMutablePointer<GMimeStream>

    /// Nil for a part without content.
    init?(_ part: UnsafeMutablePointer<GMimePart>) {
        guard let content = g_mime_part_get_content(part), let source = g_mime_data_wrapper_get_stream(content),
            let decoded = g_mime_stream_filter_new(source),
            let filter = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), 0)
        else { return nil }
        g_mime_stream_reset(source)
        decoded.withMemoryRebound(to: GMimeStreamFilter.self, capacity: 1) { _ = g_mime_stream_filter_add($0, filter) }
        stream = decoded
    }

    /// A mail inside a mail, as it stands there.
    init?(_ message: UnsafeMutablePointer<GMimeMessage>) {
        guard let memory = g_mime_stream_mem_new() else { return nil }
        let isWritten = message.withMemoryRebound(to: GMimeObject.self, capacity: 1) {
            g_mime_object_write_to_stream($0, nil, memory) >= 0
        }
        guard isWritten, g_mime_stream_reset(memory) == 0 else { return nil }
        stream = memory
    }

    deinit { g_object_unref(stream) }

    /// Gives the pieces one after the other until there are no more or one is not wanted; false when reading failed.
    func read(_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var piece = [CChar](repeating: 0, count: Self.pieceLength)
        while true {
            let count = g_mime_stream_read(stream, &piece, piece.count)
            guard count > 0 else { return count == 0 }
            guard piece.withUnsafeBytes({ take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return true }
        }
    }

    /// All bytes; nil when there are over `limit`, or reading failed.
    func bytes(limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        let isWhole = read { piece in
            bytes += piece
            return bytes.count <= limit
        }
        return isWhole && bytes.count <= limit ? bytes : nil
    }
}
