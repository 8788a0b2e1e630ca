import Glibc

extension String: PostgresScalar {
    /// `text`.
    public static var postgresType: PostgresType { .text }
    /// `text[]`.
    public static var postgresArrayType: PostgresType { .textArray }
    /// The length in UTF-8.
    public var postgresLength: Int? { utf8.count }
    /// Writes UTF-8; text that holds U+0000 cannot be stored and fails the statement.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        var copy = self
        let isClean = copy.withUTF8 { utf8 in copyText(UnsafeRawBufferPointer(utf8), to: target) }
        if !isClean { throw .holdsNUL }
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

    /// Takes UTF-8 text in which strings may hold U+0000, which is JSON but which PostgreSQL cannot store: it becomes U+FFFD.
    public init(replacingNUL bytes: [UInt8]) {
        self.bytes = bytes
        let escape = Array("u0000".utf8)
        var index = bytes.startIndex
        while let backslash = bytes[index...].firstIndex(of: UInt8(ascii: "\\")) {
            let digits = backslash + 2..<backslash + 6
            if bytes[(backslash + 1)...].starts(with: escape) { self.bytes.replaceSubrange(digits, with: "fffd".utf8) }
            // What follows a backslash is never the start of another escape.
            index = min(backslash + 2, bytes.endIndex)
        }
    }
}

extension JSONText: PostgresScalar {
    /// The version of `jsonb`'s binary form, which is its text behind this byte.
    private static let version: UInt8 = 1

    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }
    /// `jsonb[]`.
    public static var postgresArrayType: PostgresType { .jsonbArray }
    /// The length of the text and its version.
    public var postgresLength: Int? { bytes.count + 1 }
    /// Writes the text.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        target.store(Self.version)
        let isClean = bytes.withUnsafeBytes { utf8 in copyText(utf8, to: target + 1) }
        if !isClean { throw .holdsNUL }
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
    /// How many bytes.
    public static func arrayLength(_ elements: [UInt8]) -> Int { elements.count }
    /// Writes the bytes.
    public static func encodeArray(_ elements: [UInt8], to target: UnsafeMutableRawPointer) {
        elements.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { memcpy(target, start, bytes.count) }
        }
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

/// Copies text. Answers false if it holds a NUL, which the server can store neither in text nor in JSON.
private func copyText(_ utf8: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Bool {
    guard let start = utf8.baseAddress, !utf8.isEmpty else { return true }
    memcpy(target, start, utf8.count)
    return memchr(start, 0, utf8.count) == nil
}

extension PostgresError {
    fileprivate static var holdsNUL: PostgresError {
        PostgresError(.usage, "text holds a NUL character (U+0000), which PostgreSQL cannot store")
    }
}

extension String {
    /// The text with U+FFFD in place of U+0000, which PostgreSQL's text cannot hold; as many scalars as before.
    public var replacingNUL: String {
        guard utf8.contains(0) else { return self }
        // Scalar by scalar: a NUL with an accent on it is a character that is not NUL.
        var clean = UnicodeScalarView()
        clean.append(contentsOf: unicodeScalars.lazy.map { $0 == "\0" ? "\u{FFFD}" : $0 })
        return String(clean)
    }

    /// The text in at most `limit` bytes, cut at a whole character, with NUL replaced, which PostgreSQL's text cannot hold.
    public func cut(to limit: Int) -> String {
        let clean = replacingNUL
        guard clean.utf8.count > limit else { return clean }
        var end = clean.utf8.index(clean.startIndex, offsetBy: limit - 3)
        while end.samePosition(in: clean.unicodeScalars) == nil {
            end = clean.utf8.index(before: end)
        }
        return clean[..<end] + "…"
    }
}
