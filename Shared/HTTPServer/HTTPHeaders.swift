/// The header fields of a request, in their order, looked up without regard to case.
///
/// All names and values lie in one buffer, and a `String` is made only for a value that somebody asks for: most requests
/// carry a dozen headers of which two are read.
public struct HTTPHeaders: Sendable {
    struct Field: Sendable {
        var nameStart: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []

    /// Makes an empty collection.
    public init() {}

    /// Makes a collection of these fields.
    public init(_ pairs: [(name: String, value: String)]) {
        for (name, value) in pairs { append(name: Array(name.utf8)[...], value: Array(value.utf8)[...]) }
    }

    init(reservingBytes bytes: Int, fields: Int) {
        self.bytes.reserveCapacity(bytes)
        self.fields.reserveCapacity(fields)
    }

    mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        let valueStart = bytes.count
        bytes.append(contentsOf: value)
        fields.append(
            Field(nameStart: UInt32(start), valueStart: UInt32(valueStart), valueEnd: UInt32(bytes.count)))
    }

    /// How many fields there are, repeated ones counted each.
    public var count: Int { fields.count }

    /// The first value under this name, or nil.
    public subscript(name: String) -> String? {
        for field in fields where matches(field, name) { return value(of: field) }
        return nil
    }

    /// Every value under this name, in order; empty when there is none.
    public func values(_ name: String) -> [String] {
        fields.filter { matches($0, name) }.map(value(of:))
    }

    /// All fields as pairs, names as the client wrote them.
    public var all: [(name: String, value: String)] {
        fields.map { field in
            (String(decoding: bytes[Int(field.nameStart)..<Int(field.valueStart)], as: UTF8.self), value(of: field))
        }
    }

    private func value(of field: Field) -> String {
        String(decoding: bytes[Int(field.valueStart)..<Int(field.valueEnd)], as: UTF8.self)
    }

    private func matches(_ field: Field, _ name: String) -> Bool {
        let utf8 = name.utf8
        guard Int(field.valueStart - field.nameStart) == utf8.count else { return false }
        var position = Int(field.nameStart)
        for byte in utf8 {
            if lowercased(bytes[position]) != lowercased(byte) { return false }
            position += 1
        }
        return true
    }
}

/// The ASCII letter in lower case; any other byte as it is.
@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}
