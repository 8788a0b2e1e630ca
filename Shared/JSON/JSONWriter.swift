import Crypto
import Foundation

/// A value that knows how to write itself as JSON without a tree between.
public protocol JSONWritable {
    /// Writes exactly one value.
    func write(to writer: inout JSONWriter)
}

/// Builds JSON text straight into a buffer of UTF-8, for responses on the hot path.
///
/// Commas are placed by themselves: nothing valid ends in `{`, `[` or `:`, so the last byte tells whether one is due. The
/// caller pairs begin with end; a debug build checks that.
public struct JSONWriter: Sendable {
    /// The text so far.
    public private(set) var bytes: [UInt8]
    private let start: Int
    private var depth = 0

    /// Makes an empty writer with room for `capacity` bytes.
    public init(capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
        start = 0
    }

    /// Goes on after bytes that are no part of the JSON text, such as the head of an event.
    public init(appendingTo prefix: [UInt8]) {
        bytes = prefix
        start = prefix.count
    }

    /// Opens an object.
    public mutating func beginObject() {
        separate()
        depth += 1
        bytes.append(UInt8(ascii: "{"))
    }

    /// Closes the object.
    public mutating func endObject() {
        depth -= 1
        assert(depth >= 0, "an object ends that never began")
        bytes.append(UInt8(ascii: "}"))
    }

    /// Opens an array.
    public mutating func beginArray() {
        separate()
        depth += 1
        bytes.append(UInt8(ascii: "["))
    }

    /// Closes the array.
    public mutating func endArray() {
        depth -= 1
        assert(depth >= 0, "an array ends that never began")
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a key that is plain ASCII without quotes and backslashes, as every key in the code is.
    public mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(literal: key)
        bytes.append(literal: "\":")
    }

    /// Writes a key that is only known at run time.
    public mutating func key(dynamic key: String) {
        separate()
        bytes.append(quoted: key)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a value.
    @inlinable
    public mutating func value(_ value: some JSONWritable) { value.write(to: &self) }

    /// Writes a key and its value.
    @inlinable
    public mutating func member(_ key: StaticString, _ value: some JSONWritable) {
        self.key(key)
        value.write(to: &self)
    }

    /// Writes text that is one JSON value already, for example a `jsonb` column's.
    public mutating func raw(_ json: some Collection<UInt8>) {
        assert(!json.isEmpty, "raw JSON has at least one byte")
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes a key and text that is one JSON value already.
    public mutating func member(_ key: StaticString, raw json: some Collection<UInt8>) {
        self.key(key)
        raw(json)
    }

    /// Writes `null`.
    public mutating func null() { write { $0.append(literal: "null") } }

    mutating func write(_ append: (inout [UInt8]) -> Void) {
        separate()
        append(&bytes)
    }

    private mutating func separate() {
        guard bytes.count > start else { return }
        switch bytes[bytes.count - 1] {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }
}

extension String: JSONWritable {
    /// Writes a string.
    public func write(to writer: inout JSONWriter) { writer.write { $0.append(quoted: self) } }
}

extension Int: JSONWritable {
    /// Writes a number.
    public func write(to writer: inout JSONWriter) { writer.write { $0.append(decimal: self) } }
}

extension Int64: JSONWritable {
    /// Writes a number.
    public func write(to writer: inout JSONWriter) { writer.write { $0.append(decimal: self) } }
}

extension Double: JSONWritable {
    /// Writes a number, or `null` when it is not finite.
    public func write(to writer: inout JSONWriter) { writer.write { $0.append(json: self) } }
}

extension Bool: JSONWritable {
    /// Writes a truth value.
    public func write(to writer: inout JSONWriter) {
        writer.write { $0.append(literal: self ? "true" : "false") }
    }
}

extension Date: JSONWritable {
    /// Writes the time as RFC 3339 in UTC with milliseconds.
    public func write(to writer: inout JSONWriter) {
        writer.write { bytes in
            bytes.append(UInt8(ascii: "\""))
            appendRFC3339(to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }
}

extension UUID: JSONWritable {
    /// Writes the lower-case text.
    public func write(to writer: inout JSONWriter) {
        writer.write { bytes in
            bytes.append(UInt8(ascii: "\""))
            appendText(to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }
}

extension JSON: JSONWritable {
    /// Writes the tree.
    public func write(to writer: inout JSONWriter) { writer.write { write(into: &$0) } }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    /// Writes the value, or `null` for nil.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .none: writer.null()
        case .some(let value): value.write(to: &writer)
        }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    /// Writes an array of the elements.
    public func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { element.write(to: &writer) }
        writer.endArray()
    }
}
