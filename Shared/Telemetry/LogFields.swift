import Crypto
import Foundation
import JSON

/// The value of one field of a log line.
public enum LogValue: Sendable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    /// A text.
    case string(String)
    /// A whole number.
    case int(Int)
    /// A number.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// An id, in lower case.
    case uuid(UUID)
    /// A time, as RFC 3339.
    case date(Date)
    /// A length of time, in seconds.
    case duration(Duration)
    /// An error, by its own description.
    case error(any Error)

    /// Makes a text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a whole number.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Makes a number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    func write(to writer: inout JSONWriter, limit: Int) {
        switch self {
        case .string(let value): writer.value(value.cut(to: limit))
        case .int(let value): writer.value(value)
        case .double(let value): writer.value(value)
        case .bool(let value): writer.value(value)
        case .uuid(let value): writer.value(value)
        case .date(let value): writer.value(value)
        case .duration(let value): writer.value(value / .seconds(1))
        case .error(let value): writer.value(String(describing: value).cut(to: limit))
        }
    }
}

/// Named values of a log line, in the order in which they were written.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    let entries: [(name: String, value: LogValue)]

    /// Makes fields; the last of two with the same name is the one that readers see.
    public init(dictionaryLiteral elements: (String, LogValue)...) { entries = elements.map { ($0.0, $0.1) } }

    private init(entries: [(name: String, value: LogValue)]) { self.entries = entries }

    /// These fields and then more.
    public func appending(_ more: LogFields) -> LogFields { LogFields(entries: entries + more.entries) }
}

extension String {
    /// The text, or as many of its first characters as fit into `limit` bytes of UTF-8, and an ellipsis.
    func cut(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: max(limit, 0))
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }
}
