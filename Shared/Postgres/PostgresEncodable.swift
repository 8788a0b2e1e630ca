/// A value that can be bound to a parameter: it knows its type in the server and its binary form.
///
/// An enumeration over `String` or an integer conforms by naming the protocol.
public protocol PostgresEncodable: Sendable {
    /// The server's type; sent with the statement, so that the server never guesses.
    static var postgresType: PostgresType { get }
    /// Appends the binary form, without a length.
    func encode(into writer: inout PostgresWriter)
}

/// A value that can be the element of an array, with loops of its own over whole arrays.
///
/// The loops are requirements so that they are compiled for each concrete type, not run through generic code per element.
public protocol PostgresArrayElement: Sendable {
    /// The type of the whole array.
    static var postgresArrayType: PostgresType { get }
    /// Appends the whole array.
    static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter)
    /// Reads a whole array.
    static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [Self]
}

/// A single value: it binds, decodes, and goes into arrays, also as an optional.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {
    /// Appends an array whose elements may be NULL.
    static func encodeOptionalArray(_ elements: [Self?], into writer: inout PostgresWriter)
    /// Reads an array whose elements may be NULL.
    static func decodeOptionalArray(_ value: PostgresValue) throws(PostgresError) -> [Self?]
}

/// Collects the binary form of parameters, one behind the other.
public struct PostgresWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// The first value that could not be encoded; it surfaces when the statement is run.
    private(set) var error: PostgresError?
    private var isNull = false

    init() {}

    /// Appends an integer, most significant byte first.
    public mutating func append(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends raw bytes.
    public mutating func append(contentsOf buffer: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: buffer)
    }

    /// Notes that the value cannot be sent; running the statement throws `.usage` with this message.
    public mutating func fail(_ message: String) {
        if error == nil { error = PostgresError(.usage, message) }
    }

    mutating func appendNull() { isNull = true }

    /// Appends what `encode` writes and answers its length, -1 for NULL.
    mutating func measure(_ encode: (inout PostgresWriter) -> Void) -> Int32 {
        let start = bytes.count
        isNull = false
        encode(&self)
        if isNull {
            isNull = false
            return -1
        }
        guard let length = Int32(exactly: bytes.count - start) else {
            fail("a parameter is larger than 2 GiB")
            return -1
        }
        return length
    }

    /// Appends what `encode` writes behind its length, as arrays and COPY want it.
    mutating func appendSized(_ encode: (inout PostgresWriter) -> Void) {
        let position = bytes.count
        append(Int32(0))
        let length = measure(encode)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    mutating func reserve(_ count: Int) {
        // Growing to exactly what one parameter needs would make many parameters quadratic.
        let needed = bytes.count + count
        if needed > bytes.capacity { bytes.reserveCapacity(max(needed, 2 * bytes.capacity)) }
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// The header of a one-dimensional array; an empty array has no dimension.
    mutating func appendArrayHeader(count: Int, hasNulls: Bool, of type: PostgresType) {
        append(Int32(count == 0 ? 0 : 1))
        append(Int32(hasNulls ? 1 : 0))
        append(type.rawValue)
        guard count > 0 else { return }
        append(Int32(truncatingIfNeeded: count))
        append(Int32(1))
        reserve(count * 12)
    }
}

extension PostgresScalar {
    /// Appends the whole array.
    public static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter) {
        writer.appendArrayHeader(count: elements.count, hasNulls: false, of: postgresType)
        for element in elements { writer.appendSized { element.encode(into: &$0) } }
    }

    /// Appends an array whose elements may be NULL.
    public static func encodeOptionalArray(_ elements: [Self?], into writer: inout PostgresWriter) {
        writer.appendArrayHeader(count: elements.count, hasNulls: true, of: postgresType)
        for element in elements {
            if let element {
                writer.appendSized { element.encode(into: &$0) }
            } else {
                writer.append(Int32(-1))
            }
        }
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

    /// Appends the value or notes NULL.
    public func encode(into writer: inout PostgresWriter) {
        if let self { self.encode(into: &writer) } else { writer.appendNull() }
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
    /// The type of the whole array.
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }

    /// Appends the whole array.
    public static func encodeArray(_ elements: [Wrapped?], into writer: inout PostgresWriter) {
        Wrapped.encodeOptionalArray(elements, into: &writer)
    }

    /// Reads a whole array.
    public static func decodeArray(_ value: PostgresValue) throws(PostgresError) -> [Wrapped?] {
        try Wrapped.decodeOptionalArray(value)
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The type of the whole array; `bytea` for bytes.
    public static var postgresType: PostgresType { Element.postgresArrayType }

    /// Appends the whole array.
    public func encode(into writer: inout PostgresWriter) { Element.encodeArray(self, into: &writer) }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }

    /// Appends the raw value.
    public func encode(into writer: inout PostgresWriter) { rawValue.encode(into: &writer) }
}

extension PostgresScalar where Self: RawRepresentable, RawValue: PostgresScalar {
    /// The type of an array of raw values.
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}
