import Foundation
import JSON
import Synchronization

/// One line before it is written.
struct LogLine {
    let time: Date
    let level: Logger.Level
    let service: String
    let message: String
    let context: LogFields
    let fields: LogFields

    /// The line with its end. One that would be longer than `limit` keeps its short values whole and loses the rest of its long
    /// ones; one with too many fields loses the last of them, so that it stays valid JSON.
    func bytes(limit: Int) -> [UInt8] {
        let whole = text(valueLimit: limit, fieldLimit: .max)
        if whole.count <= limit { return whole }
        // A control character takes six bytes of JSON for one of text.
        let count = context.entries.count + fields.entries.count
        let cut = text(valueLimit: limit / 6 / (count + 2) - 16, fieldLimit: .max)
        if cut.count <= limit { return cut }
        return text(valueLimit: 256, fieldLimit: 4)
    }

    private func text(valueLimit: Int, fieldLimit: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("time", time)
        writer.member("level", level.rawValue)
        writer.member("service", service.cut(to: 64))
        writer.member("message", message.cut(to: valueLimit))
        var left = fieldLimit
        for (name, value) in context.entries + fields.entries where left > 0 {
            writer.key(dynamic: fieldLimit == .max ? name : name.cut(to: 64))
            value.write(to: &writer, limit: valueLimit)
            left -= 1
        }
        if valueLimit < Logger.maxLine { writer.member("is_cut", true) }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}

/// Writes whole lines to a descriptor.
enum LogOutput {
    /// How many lines were given up because nobody read them, or because the descriptor failed.
    static let lost = Atomic<Int>(0)
    /// How long, in milliseconds, a line waits for a reader.
    private static let patience: Int32 = 50

    static func write(_ line: [UInt8], to descriptor: Int32) {
        var start = 0
        while start < line.count {
            guard isWritable(descriptor) else { return countLost() }
            let written = line.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
            }
            if written > 0 {
                start += written
            } else if errno != EINTR && errno != EAGAIN {
                return countLost()
            }
        }
    }

    private static func isWritable(_ descriptor: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, patience) == 1
    }

    private static func countLost() { lost.wrappingAdd(1, ordering: .relaxed) }
}
