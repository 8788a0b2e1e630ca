import Foundation
import JSON

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
        var valueLimit = limit
        while valueLimit > 64 {
            let line = text(valueLimit: valueLimit, fieldLimit: .max)
            if line.count <= limit { return line }
            valueLimit /= 2
        }
        return text(valueLimit: valueLimit, fieldLimit: 4)
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
