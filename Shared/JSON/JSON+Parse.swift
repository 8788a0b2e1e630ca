import CJansson
import Foundation

/// Why a text is not acceptable JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in words.
    public let message: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1; 0 right before the first character of a line.
    public let column: Int
    /// How many bytes had been read when the fault was seen.
    public let position: Int
    /// Whether only the limit of depth is the reason.
    public let isTooDeep: Bool

    /// Makes the error.
    public init(message: String, line: Int, column: Int, position: Int, isTooDeep: Bool = false) {
        self.isTooDeep = isTooDeep
        self.message = message
        self.line = line
        self.column = column
        self.position = position
    }

    /// The message with its place.
    public var description: String { "line \(line), column \(column): \(message)" }
}

extension JSON {
    /// Reads one JSON value that fills the whole of `bytes`.
    ///
    /// It is strict: RFC 8259 with valid UTF-8 and unique keys only. The escape `\u0000` is refused because PostgreSQL's `jsonb` cannot
    /// hold it, and whole numbers beyond 64 bits are refused rather than rounded.
    ///
    /// - Parameter maxDepth: how many arrays and objects may lie in each other.
    /// - Throws: `JSONError` with the place of the first fault.
    public static func parse(_ bytes: some ContiguousBytes, maxDepth: Int = 64) throws(JSONError) -> JSON {
        let result: Result<JSON, JSONError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try parse(buffer: bytes, maxDepth: maxDepth) }
        }
        return try result.get()
    }

    /// Reads one JSON value that fills the whole text; see `parse(_:maxDepth:)` for bytes.
    public static func parse(_ text: String, maxDepth: Int = 64) throws(JSONError) -> JSON {
        try parse(Array(text.utf8), maxDepth: maxDepth)
    }

    private static func parse(buffer: UnsafeRawBufferPointer, maxDepth: Int) throws(JSONError) -> JSON {
        let root = try load(buffer, maxDepth: maxDepth, flags: JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)
        defer { json_decref(root) }
        return JSON(copying: root)
    }

    /// Parses into jansson's own tree, which the caller lets go.
    static func load(
        _ buffer: UnsafeRawBufferPointer, maxDepth: Int, flags: Int32
    ) throws(JSONError) -> UnsafeMutablePointer<json_t> {
        try checkDepth(of: buffer, limit: maxDepth)
        guard let base = buffer.baseAddress, !buffer.isEmpty else {
            throw JSONError(message: "a JSON value is expected, but there is no text", line: 1, column: 0, position: 0)
        }
        var fault = json_error_t()
        let text = base.assumingMemoryBound(to: CChar.self)
        guard let root = json_loadb(text, buffer.count, Int(flags), &fault) else { throw JSONError(fault) }
        return root
    }

    /// Copies jansson's tree; its depth was checked before, so the recursion has a bound.
    private init(copying node: UnsafeMutablePointer<json_t>) {
        switch node.pointee.type {
        case JSON_OBJECT: self = .object(JSONObject(distinct: Self.members(of: node)))
        case JSON_ARRAY:
            let count = json_array_size(node)
            self = .array(
                (0..<count).map { index in
                    // jansson has an element for each index below its size.
                    json_array_get(node, index).map(JSON.init(copying:)) ?? .null
                })
        case JSON_STRING: self = .string(String(json_string_value(node), length: json_string_length(node)))
        case JSON_INTEGER: self = .int(Int64(json_integer_value(node)))
        case JSON_REAL: self = .double(json_real_value(node))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
    }

    private static func members(of node: UnsafeMutablePointer<json_t>) -> [JSONObject.Element] {
        var members: [JSONObject.Element] = []
        members.reserveCapacity(json_object_size(node))
        var iterator = json_object_iter(node)
        while let current = iterator, let value = json_object_iter_value(current) {
            let key = String(json_object_iter_key(current), length: json_object_iter_key_len(current))
            members.append((key, JSON(copying: value)))
            iterator = json_object_iter_next(node, current)
        }
        return members
    }

    /// jansson's own limit is fixed at 2048, deeper than the stack of a small thread should be asked to go.
    private static func checkDepth(of buffer: UnsafeRawBufferPointer, limit: Int) throws(JSONError) {
        var depth = 0
        var isInString = false
        var index = 0
        while index < buffer.count {
            switch buffer[index] {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if isInString { break }
                depth += 1
                if depth > limit {
                    throw JSONError(tooDeepAt: index, in: buffer, limit: limit)
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if !isInString { depth -= 1 }
            default: break
            }
            index += 1
        }
    }
}

extension JSONError {
    fileprivate init(tooDeepAt index: Int, in buffer: UnsafeRawBufferPointer, limit: Int) {
        let before = buffer[...index]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 }
        self.init(
            message: "arrays and objects lie more than \(limit) deep", line: line, column: column, position: index + 1,
            isTooDeep: true)
    }

    fileprivate init(_ fault: json_error_t) {
        var fault = fault
        let code = json_error_code(&fault)
        let text = withUnsafeBytes(of: fault.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let message =
            switch code {
            case json_error_null_character, json_error_null_byte_in_key:
                "\\u0000 is not allowed in text, because the database cannot store it"
            case json_error_numeric_overflow: "\(text): the number is out of range"
            default: text
            }
        self.init(message: message, line: Int(fault.line), column: Int(fault.column), position: Int(fault.position))
    }
}

extension String {
    /// Copies text of jansson's, which is valid UTF-8.
    fileprivate init(_ start: UnsafePointer<CChar>?, length: Int) {
        self.init(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
}
