/// A value that can be read from a result's binary form.
///
/// An enumeration over `String` or an integer conforms by naming the protocol.
public protocol PostgresDecodable {
    /// Reads a field; throws `.decoding` if it is NULL or of another type.
    static func decode(_ value: PostgresValue) throws(PostgresError) -> Self
}

/// One field of a result. It points into the result: use it only inside `decode`.
public struct PostgresValue {
    /// The server's type of the field.
    public let type: PostgresType
    /// The binary form, nil for NULL.
    public let bytes: UnsafeRawBufferPointer?

    /// What to throw when the field does not suit.
    public func mismatch<T>(_ wanted: T.Type) -> PostgresError {
        PostgresError(
            .decoding,
            bytes == nil ? "NULL does not decode as \(wanted)" : "a value of \(type) does not decode as \(wanted)")
    }

    /// A big-endian integer of exactly the field's size.
    func integer<T: FixedWidthInteger>(as wanted: T.Type) throws(PostgresError) -> T {
        guard let bytes, bytes.count == MemoryLayout<T>.size else { throw mismatch(wanted) }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// An array's elements. The form is: dimensions, has-nulls, element type, length, lower bound, then sized elements.
    func elements<T: PostgresDecodable>(as wanted: T.Type) throws(PostgresError) -> [T] {
        guard let bytes, bytes.count >= 12 else { throw mismatch([T].self) }
        func word(at offset: Int) throws(PostgresError) -> Int32 {
            guard offset + 4 <= bytes.count else { throw mismatch([T].self) }
            return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        let dimensions = try word(at: 0)
        if dimensions == 0 { return [] }
        let elementType = PostgresType(UInt32(bitPattern: try word(at: 8)))
        let count = Int(try word(at: 12))
        // Each element has a length of four bytes: a count beyond that is not an array.
        guard dimensions == 1, count >= 0, count <= bytes.count / 4 else { throw mismatch([T].self) }
        var result: [T] = []
        result.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            let length = Int(try word(at: offset))
            offset += 4
            guard length >= 0 else {
                result.append(try T.decode(PostgresValue(type: elementType, bytes: nil)))
                continue
            }
            guard offset + length <= bytes.count else { throw mismatch([T].self) }
            let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            result.append(try T.decode(PostgresValue(type: elementType, bytes: element)))
            offset += length
        }
        return result
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads the value, nil for NULL.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Wrapped? {
        guard value.bytes != nil else { return nil }
        return try Wrapped.decode(value)
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads a one-dimensional array, or `bytea` as bytes.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> [Element] {
        try Element.decodeArray(value)
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value and looks it up.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Self {
        let rawValue = try RawValue.decode(value)
        guard let result = Self(rawValue: rawValue) else {
            throw PostgresError(.decoding, "\(rawValue) is not a known \(Self.self)")
        }
        return result
    }
}
