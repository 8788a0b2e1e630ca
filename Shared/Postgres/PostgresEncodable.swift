/// A value that can be bound to a parameter: it knows its type in the server and its binary form.
///
/// An enumeration over `String` or an integer conforms by naming the protocol.
public protocol PostgresEncodable: Sendable {
    /// The server's type; sent with the statement, so that the server never guesses.
    static var postgresType: PostgresType { get }
    /// The length of the binary form in bytes, nil for NULL.
    var postgresLength: Int? { get }
    /// Writes exactly `postgresLength` bytes. Throws `.usage` for a value that the server cannot hold.
    func encode(to target: UnsafeMutableRawPointer) throws(PostgresError)
}

/// A value that can be the element of an array, with loops of its own over whole arrays.
///
/// The loops are requirements so that they are compiled for each concrete type, not run through generic code per element.
public protocol PostgresArrayElement: Sendable {
    /// The type of the whole array.
    static var postgresArrayType: PostgresType { get }
    /// The length of the whole array's binary form in bytes.
    static func arrayLength(_ elements: [Self]) -> Int
    /// Writes exactly `arrayLength` bytes.
    static func encodeArray(_ elements: [Self], to target: UnsafeMutableRawPointer) throws(PostgresError)
    /// Reads a whole array.
    static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [Self]
}

/// A single value: it binds, decodes, and goes into arrays, also as an optional.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {
    /// The length of an array whose elements may be NULL.
    static func optionalArrayLength(_ elements: [Self?]) -> Int
    /// Writes an array whose elements may be NULL.
    static func encodeOptionalArray(_ elements: [Self?], to target: UnsafeMutableRawPointer) throws(PostgresError)
    /// Reads an array whose elements may be NULL.
    static func decodeOptionalArray(_ value: PostgresValue) throws(PostgresError) -> [Self?]
}

extension UnsafeMutableRawPointer {
    /// Writes an integer, most significant byte first.
    @inline(__always)
    func store(_ integer: some FixedWidthInteger, at offset: Int = 0) {
        storeBytes(of: integer.bigEndian, toByteOffset: offset, as: type(of: integer).self)
    }
}

/// The binary form of an array: dimensions (none if empty), has-nulls, element type, length, lower bound, sized elements.
private enum ArrayForm {
    @inline(__always)
    static func length<T: PostgresEncodable>(_ elements: [T]) -> Int {
        elements.isEmpty ? 12 : elements.reduce(20) { $0 + 4 + ($1.postgresLength ?? 0) }
    }

    @inline(__always)
    static func encode<T: PostgresEncodable>(
        _ elements: [T], to target: UnsafeMutableRawPointer
    ) throws(PostgresError) {
        target.store(Int32(elements.isEmpty ? 0 : 1))
        // "May have nulls" is all that it means; the server looks at the elements.
        target.store(Int32(1), at: 4)
        target.store(T.postgresType.rawValue, at: 8)
        if elements.isEmpty { return }
        target.store(Int32(truncatingIfNeeded: elements.count), at: 12)
        target.store(Int32(1), at: 16)
        var position = target + 20
        for element in elements {
            guard let length = element.postgresLength else {
                position.store(Int32(-1))
                position += 4
                continue
            }
            position.store(Int32(truncatingIfNeeded: length))
            try element.encode(to: position + 4)
            position += 4 + length
        }
    }
}

extension PostgresScalar {
    /// The length of the whole array's binary form in bytes.
    public static func arrayLength(_ elements: [Self]) -> Int { ArrayForm.length(elements) }

    /// Writes the whole array.
    public static func encodeArray(_ elements: [Self], to target: UnsafeMutableRawPointer) throws(PostgresError) {
        try ArrayForm.encode(elements, to: target)
    }

    /// The length of an array whose elements may be NULL.
    public static func optionalArrayLength(_ elements: [Self?]) -> Int { ArrayForm.length(elements) }

    /// Writes an array whose elements may be NULL.
    public static func encodeOptionalArray(
        _ elements: [Self?], to target: UnsafeMutableRawPointer
    ) throws(PostgresError) {
        try ArrayForm.encode(elements, to: target)
    }

    /// Reads a whole array.
    public static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [Self] {
        try value.elements(as: Self.self)
    }

    /// Reads an array whose elements may be NULL.
    public static func decodeOptionalArray(_ value: PostgresValue) throws(PostgresError) -> [Self?] {
        try value.elements(as: Self?.self)
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the value, NULL or not.
    public static var postgresType: PostgresType { Wrapped.postgresType }

    /// The length of the value, nil for NULL.
    public var postgresLength: Int? {
        guard let self else { return nil }
        return self.postgresLength
    }

    /// Writes the value, if any.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        if let self { try self.encode(to: target) }
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
    /// The type of the whole array.
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }

    /// The length of the whole array's binary form in bytes.
    public static func arrayLength(_ elements: [Wrapped?]) -> Int { Wrapped.optionalArrayLength(elements) }

    /// Writes the whole array.
    public static func encodeArray(_ elements: [Wrapped?], to target: UnsafeMutableRawPointer) throws(PostgresError) {
        try Wrapped.encodeOptionalArray(elements, to: target)
    }

    /// Reads a whole array.
    public static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [Wrapped?] {
        try Wrapped.decodeOptionalArray(value)
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The type of the whole array; `bytea` for bytes.
    public static var postgresType: PostgresType { Element.postgresArrayType }

    /// The length of the whole array's binary form in bytes.
    public var postgresLength: Int? { Element.arrayLength(self) }

    /// Writes the whole array.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        try Element.encodeArray(self, to: target)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }

    /// The length of the raw value.
    public var postgresLength: Int? { rawValue.postgresLength }

    /// Writes the raw value.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) { try rawValue.encode(to: target) }
}

extension PostgresScalar where Self: RawRepresentable, RawValue: PostgresScalar {
    /// The type of an array of raw values.
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}
