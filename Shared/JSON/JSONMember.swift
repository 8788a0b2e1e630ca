import CJansson
import Foundation

/// A member of an object, as its own text says it.
public struct JSONMember {
    /// What kind of value it is.
    public enum Kind: Sendable { case null, boolean, number, string, array, object }

    /// The key, unescaped, in UTF-8.
    public let key: UnsafeRawBufferPointer
    /// What kind of value it is.
    public let kind: Kind
    /// The value's own text, with every digit of a number and without what surrounds it.
    public let source: UnsafeRawBufferPointer
    /// What a string says, unescaped, in UTF-8; nil for other kinds.
    public let text: UnsafeRawBufferPointer?
}

extension JSON {
    /// Gives the members of the object that fills the whole of `bytes`, in order, with their text: numbers are not rounded, whatever
    /// their size, as they would be in a tree.
    ///
    /// As strict as `parse`, but for whole numbers beyond 64 bits.
    ///
    /// - Parameter body: takes a member, whose bytes are valid during the call only.
    /// - Returns: false, without any call, when the value is no object.
    /// - Throws: `JSONError` with the place of the first fault, before the first call.
    public static func eachMember(
        of bytes: UnsafeRawBufferPointer, maxDepth: Int = 64, _ body: (JSONMember) -> Void
    ) throws(JSONError) -> Bool {
        let flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL
        let root = try load(bytes, maxDepth: maxDepth, flags: flags)
        defer { json_decref(root) }
        guard root.pointee.type == JSON_OBJECT else { return false }
        var sources = MemberSources(text: bytes)
        // jansson keeps the order in which the members stand.
        var iterator = json_object_iter(root)
        while let current = iterator, let value = json_object_iter_value(current) {
            let source = sources.next()
            let isString = value.pointee.type == JSON_STRING
            body(
                JSONMember(
                    key: UnsafeRawBufferPointer(
                        start: json_object_iter_key(current), count: json_object_iter_key_len(current)),
                    kind: JSONMember.Kind(value.pointee.type), source: source,
                    text: isString
                        ? UnsafeRawBufferPointer(start: json_string_value(value), count: json_string_length(value))
                        : nil))
            iterator = json_object_iter_next(root, current)
        }
        return true
    }

    /// Checks that one JSON value fills the whole of `bytes`, as strictly as PostgreSQL does: keys may repeat, and numbers have any size.
    ///
    /// - Throws: `JSONError` with the place of the first fault.
    public static func check(_ bytes: UnsafeRawBufferPointer, maxDepth: Int = 64) throws(JSONError) {
        json_decref(try load(bytes, maxDepth: maxDepth, flags: JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL))
    }
}

extension JSONMember.Kind {
    fileprivate init(_ type: json_type) {
        switch type {
        case JSON_OBJECT: self = .object
        case JSON_ARRAY: self = .array
        case JSON_STRING: self = .string
        case JSON_INTEGER, JSON_REAL: self = .number
        case JSON_TRUE, JSON_FALSE: self = .boolean
        default: self = .null
        }
    }
}

/// Finds where the values stand in the text of an object that is known to be valid.
private struct MemberSources {
    let text: UnsafeRawBufferPointer
    private var position = 0

    init(text: UnsafeRawBufferPointer) {
        self.text = text
        position = (text.firstIndex(of: UInt8(ascii: "{")) ?? 0) + 1
    }

    /// The text of the next member's value.
    mutating func next() -> UnsafeRawBufferPointer {
        // The key begins at the next quote: before it are blanks and a comma.
        while text[position] != UInt8(ascii: "\"") { position += 1 }
        passString()
        while text[position] != UInt8(ascii: ":") { position += 1 }
        position += 1
        while text[position].isBlank { position += 1 }
        let start = position
        passValue()
        return UnsafeRawBufferPointer(rebasing: text[start..<position])
    }

    private mutating func passString() {
        position += 1
        while text[position] != UInt8(ascii: "\"") { position += text[position] == UInt8(ascii: "\\") ? 2 : 1 }
        position += 1
    }

    private mutating func passValue() {
        var depth = 0
        repeat {
            switch text[position] {
            case UInt8(ascii: "\""): passString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            default: passOther(within: depth)
            }
        } while depth > 0
    }

    /// A number or a literal, or, inside of others, also what stands between values.
    private mutating func passOther(within depth: Int) {
        guard depth == 0 else { return position += 1 }
        while !text[position].isBlank, text[position] != UInt8(ascii: ","), text[position] != UInt8(ascii: "}") {
            position += 1
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
