import Glibc

extension String: PostgresScalar {
    /// `text`.
    public static var postgresType: PostgresType { .text }
    /// `text[]`.
    public static var postgresArrayType: PostgresType { .textArray }
    /// Appends UTF-8; text that holds U+0000 cannot be stored and fails the statement.
    public func encode(into writer: inout PostgresWriter) {
        var copy = self
        copy.withUTF8 { utf8 in writer.appendText(UnsafeRawBufferPointer(utf8)) }
    }
    /// Reads any kind of text, and the label of an enumeration.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> String {
        switch value.type {
        case .text, .varchar, .bpchar, .name, .unknown, .json, .xml: break
        case let type where type.isUserDefined: break
        default: throw value.mismatch(String.self)
        }
        guard let bytes = value.bytes else { throw value.mismatch(String.self) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// JSON as its text, bound and read as `jsonb`.
public struct JSONText: Sendable, Hashable {
    /// The text in UTF-8. The server checks it; it normalises white space, order and repeated keys of what it stores.
    public var bytes: [UInt8]

    /// Takes UTF-8 text.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Takes a string.
    public init(_ string: String) { bytes = Array(string.utf8) }
}

extension JSONText: PostgresScalar {
    /// The version of `jsonb`'s binary form, which is its text behind this byte.
    private static let version: UInt8 = 1

    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }
    /// `jsonb[]`.
    public static var postgresArrayType: PostgresType { .jsonbArray }
    /// Appends the text.
    public func encode(into writer: inout PostgresWriter) {
        writer.append(Self.version)
        bytes.withUnsafeBytes { writer.appendText($0) }
    }
    /// Reads `jsonb` or `json`.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> JSONText {
        guard let bytes = value.bytes else { throw value.mismatch(JSONText.self) }
        if value.type == .json { return JSONText(Array(bytes)) }
        guard value.type == .jsonb, bytes.first == version else { throw value.mismatch(JSONText.self) }
        return JSONText(Array(bytes.dropFirst()))
    }
}

extension UInt8: PostgresArrayElement {
    /// `bytea`: an array of bytes is one value.
    public static var postgresArrayType: PostgresType { .bytea }
    /// Appends the bytes.
    public static func encodeArray(_ elements: [UInt8], into writer: inout PostgresWriter) {
        elements.withUnsafeBytes { writer.append(contentsOf: $0) }
    }
    /// Reads a `bytea`.
    public static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [UInt8] {
        guard value.type == .bytea, let bytes = value.bytes else { throw value.mismatch([UInt8].self) }
        return Array(bytes)
    }
}

extension Array: PostgresScalar where Element == UInt8 {
    /// `bytea[]`.
    public static var postgresArrayType: PostgresType { .byteaArray }
}

extension Array: PostgresArrayElement where Element == UInt8 {}

extension PostgresWriter {
    /// Appends text, after a check for NUL, which the server can store neither in text nor in JSON.
    fileprivate mutating func appendText(_ utf8: UnsafeRawBufferPointer) {
        if let start = utf8.baseAddress, memchr(start, 0, utf8.count) != nil {
            fail("text holds a NUL character (U+0000), which PostgreSQL cannot store")
        }
        append(contentsOf: utf8)
    }
}
