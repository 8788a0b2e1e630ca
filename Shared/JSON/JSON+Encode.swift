import Crypto
import Foundation

extension JSON {
    /// The tree of an encodable value, spelled as `decode` reads it.
    ///
    /// - Throws: `EncodingError` for numbers that JSON cannot say, and whatever the value's own `encode` throws.
    public static func encode(_ value: some Encodable) throws -> JSON {
        try ValueEncoder.node(of: value, at: []).json
    }
}

/// A place of the tree that is being built; a class because containers fill it after they were handed out.
private final class Node {
    private enum Content {
        case value(JSON)
        case array([Node])
        case object([(key: String, node: Node)])
    }

    private var content = Content.object([])

    var json: JSON {
        switch content {
        case .value(let value): value
        case .array(let nodes): .array(nodes.map(\.json))
        case .object(let members): .object(members.reduce(into: JSONObject()) { $0[$1.key] = $1.node.json })
        }
    }

    var count: Int {
        guard case .array(let nodes) = content else { return 0 }
        return nodes.count
    }

    func set(_ value: JSON) { content = .value(value) }

    func becomeArray() {
        guard case .array = content else { return content = .array([]) }
    }

    func becomeObject() {
        guard case .object = content else { return content = .object([]) }
    }

    func append(_ node: Node) {
        guard case .array(var nodes) = content else { return }
        content = .array([])
        nodes.append(node)
        content = .array(nodes)
    }

    func insert(_ node: Node, for key: String) {
        guard case .object(var members) = content else { return }
        content = .object([])
        members.append((key, node))
        content = .object(members)
    }
}

/// Encodes one value into a node; at once the encoder and its single-value container.
private struct ValueEncoder: Encoder, SingleValueEncodingContainer {
    var node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func node(of value: some Encodable, at path: [any CodingKey]) throws -> Node {
        let encoder = ValueEncoder(node: Node(), codingPath: path)
        try encoder.encode(value)
        return encoder.node
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(KeyedEncoder(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return UnkeyedEncoder(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { node.set(.null) }

    func encode<T: Encodable>(_ value: T) throws {
        switch value {
        case let value as JSON: node.set(value)
        case let value as String: node.set(.string(value))
        case let value as Bool: node.set(.bool(value))
        case let value as Double: node.set(try number(value))
        case let value as Float: node.set(try number(Double(value)))
        case let value as any FixedWidthInteger: node.set(try whole(value))
        case let value as Date: node.set(.string(value.rfc3339()))
        case let value as UUID: node.set(.string(value.text))
        case let value as URL: node.set(.string(value.absoluteString))
        default: try value.encode(to: self)
        }
    }

    private func number(_ value: Double) throws -> JSON {
        guard value.isFinite else { throw invalid(value) }
        return .double(value)
    }

    private func whole(_ value: any FixedWidthInteger) throws -> JSON {
        guard let number = Int64(exactly: value) else { throw invalid(value) }
        return .int(number)
    }

    private func invalid(_ value: Any) -> EncodingError {
        .invalidValue(value, .init(codingPath: codingPath, debugDescription: "JSON cannot say the number \(value)"))
    }
}

private struct KeyedEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { child(for: key).encodeNil() }

    func encode(_ value: some Encodable, forKey key: Key) throws { try child(for: key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        child(for: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { child(for: key).unkeyedContainer() }

    func superEncoder() -> any Encoder { child(for: PathKey(stringValue: "super")) }

    func superEncoder(forKey key: Key) -> any Encoder { child(for: key) }

    private func child(for key: some CodingKey) -> ValueEncoder {
        let child = Node()
        node.insert(child, for: key.stringValue)
        return ValueEncoder(node: child, codingPath: codingPath + [key])
    }
}

private struct UnkeyedEncoder: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    var count: Int { node.count }

    func encodeNil() { child().encodeNil() }

    func encode(_ value: some Encodable) throws { try child().encode(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        child().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }

    func superEncoder() -> any Encoder { child() }

    private func child() -> ValueEncoder {
        let child = Node()
        let path = codingPath + [PathKey(index: node.count)]
        node.append(child)
        return ValueEncoder(node: child, codingPath: path)
    }
}

extension JSON: Encodable {
    /// Gives the tree as it is; only `JSON.encode` takes it, other encoders are refused.
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw EncodingError.invalidValue(
                self,
                .init(codingPath: encoder.codingPath, debugDescription: "JSON trees are written with JSON.encode only"))
        }
        encoder.node.set(self)
    }
}
