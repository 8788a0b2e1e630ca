import Crypto
import Foundation

extension JSON {
    /// Makes a value of a decodable type out of this tree.
    ///
    /// Keys are spelled by the type's `CodingKeys`. A `Date` is RFC 3339, a `UUID` its text, a `URL` a string, and a property of type
    /// `JSON` takes whatever is there.
    ///
    /// - Throws: `DecodingError` with the path of the first value that does not fit.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try ValueDecoder(value: self, codingPath: []).decode(type)
    }
}

/// One value that is being decoded; at once the decoder and its single-value container.
private struct ValueDecoder: Decoder, SingleValueDecodingContainer {
    let value: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSON].self, "an object") }
        return KeyedDecodingContainer(KeyedDecoder(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch([JSON].self, "an array") }
        return UnkeyedDecoder(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { value.isNull }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        // `as?` from the same type cannot fail, so a nil here means that the value did not fit.
        switch type {
        case is JSON.Type: return try cast(value, "a value")
        case is String.Type: return try cast(value.stringValue, "a string")
        case is Bool.Type: return try cast(value.boolValue, "true or false")
        case is Double.Type: return try cast(value.doubleValue, "a number")
        case is Float.Type: return try cast(value.doubleValue.map { Float($0) }, "a number")
        case let integer as any FixedWidthInteger.Type: return try cast(whole(integer), "a whole number in range")
        case is Date.Type:
            return try cast(value.stringValue.flatMap { Date(rfc3339: $0) }, "a time such as 2026-01-02T03:04:05Z")
        case is UUID.Type: return try cast(value.stringValue.flatMap { UUID(text: $0) }, "a UUID")
        case is URL.Type: return try cast(value.stringValue.flatMap { URL(string: $0) }, "a URL")
        default: return try T(from: self)
        }
    }

    private func whole<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        switch value {
        case .int(let value): Number(exactly: value)
        case .double(let value): Number(exactly: value)
        default: nil
        }
    }

    private func cast<T>(_ value: Any?, _ expected: String) throws -> T {
        guard let value = value as? T else { throw mismatch(T.self, expected) }
        return value
    }

    private func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        let found =
            switch value {
            case .null: "null"
            case .bool: "a truth value"
            case .int, .double: "the number \(value)"
            case .string(let text): "the string \"\(text.prefix(40))\""
            case .array: "an array"
            case .object: "an object"
            }
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "must be \(expected), but is \(found)")
        return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

private struct KeyedDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: JSONObject
    let codingPath: [any CodingKey]

    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try decoder(for: key).decodeNil() }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(for: key).decode(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(for: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(for: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try decoder(for: PathKey(stringValue: "super")) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(for: key) }

    private func decoder(for key: some CodingKey) throws -> ValueDecoder {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "the field \(key.stringValue) is missing"))
        }
        return ValueDecoder(value: value, codingPath: codingPath + [key])
    }
}

private struct UnkeyedDecoder: UnkeyedDecodingContainer {
    let elements: [JSON]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [JSON], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try current().decodeNil() else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try advance { try $0.decode(type) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try advance { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try advance { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try advance { $0 } }

    private mutating func advance<T>(_ decode: (ValueDecoder) throws -> T) throws -> T {
        let value = try decode(current())
        currentIndex += 1
        return value
    }

    private func current() throws -> ValueDecoder {
        let path = codingPath + [PathKey(index: currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                JSON.self, .init(codingPath: path, debugDescription: "the array has only \(elements.count) elements"))
        }
        return ValueDecoder(value: elements[currentIndex], codingPath: path)
    }
}

/// A step of a coding path that no `CodingKeys` names.
struct PathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) { self.init(index: intValue) }

    init(index: Int) {
        stringValue = String(index)
        intValue = index
    }
}

extension JSON: Decodable {
    /// Takes the tree as it is; only `JSON.decode` offers it, other decoders are refused.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "JSON trees are read with JSON.decode only"))
        }
        self = decoder.value
    }
}
