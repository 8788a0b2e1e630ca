import Foundation

/// Integers accept every integer type of the server whose value fits.
private func decodeInteger<T: FixedWidthInteger>(_ value: PostgresValue) throws(PostgresError) -> T {
    let wide: Int64
    switch value.type {
    case .int8, .xid8: wide = try value.integer(as: Int64.self)
    case .int4: wide = Int64(try value.integer(as: Int32.self))
    case .int2: wide = Int64(try value.integer(as: Int16.self))
    case .oid: wide = Int64(try value.integer(as: UInt32.self))
    default: throw value.mismatch(T.self)
    }
    guard let result = T(exactly: wide) else { throw PostgresError(.decoding, "\(wide) does not fit \(T.self)") }
    return result
}

extension Bool: PostgresScalar {
    /// `boolean`.
    public static var postgresType: PostgresType { .bool }
    /// `boolean[]`.
    public static var postgresArrayType: PostgresType { .boolArray }
    /// The length in bytes.
    public var postgresLength: Int? { 1 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(UInt8(self ? 1 : 0)) }
    /// Reads a `boolean`.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Bool {
        guard value.type == .bool else { throw value.mismatch(Bool.self) }
        return try value.integer(as: UInt8.self) != 0
    }
}

extension Int16: PostgresScalar {
    /// `smallint`.
    public static var postgresType: PostgresType { .int2 }
    /// `smallint[]`.
    public static var postgresArrayType: PostgresType { .int2Array }
    /// The length in bytes.
    public var postgresLength: Int? { 2 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(self) }
    /// Reads any integer that fits.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Int16 { try decodeInteger(value) }
}

extension Int32: PostgresScalar {
    /// `integer`.
    public static var postgresType: PostgresType { .int4 }
    /// `integer[]`.
    public static var postgresArrayType: PostgresType { .int4Array }
    /// The length in bytes.
    public var postgresLength: Int? { 4 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(self) }
    /// Reads any integer that fits.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Int32 { try decodeInteger(value) }
}

extension Int64: PostgresScalar {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
    /// The length in bytes.
    public var postgresLength: Int? { 8 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(self) }
    /// Reads any integer.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Int64 { try decodeInteger(value) }
}

extension Int: PostgresScalar {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
    /// The length in bytes.
    public var postgresLength: Int? { 8 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(Int64(self)) }
    /// Reads any integer.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Int { try decodeInteger(value) }
}

extension Double: PostgresScalar {
    /// `double precision`.
    public static var postgresType: PostgresType { .float8 }
    /// `double precision[]`.
    public static var postgresArrayType: PostgresType { .float8Array }
    /// The length in bytes.
    public var postgresLength: Int? { 8 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(bitPattern) }
    /// Reads `double precision` or `real`.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Double {
        switch value.type {
        case .float8: return Double(bitPattern: try value.integer(as: UInt64.self))
        case .float4: return Double(Float(bitPattern: try value.integer(as: UInt32.self)))
        default: throw value.mismatch(Double.self)
        }
    }
}

extension Float: PostgresScalar {
    /// `real`.
    public static var postgresType: PostgresType { .float4 }
    /// `real[]`.
    public static var postgresArrayType: PostgresType { .float4Array }
    /// The length in bytes.
    public var postgresLength: Int? { 4 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.store(bitPattern) }
    /// Reads `real`.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Float {
        guard value.type == .float4 else { throw value.mismatch(Float.self) }
        return Float(bitPattern: try value.integer(as: UInt32.self))
    }
}

extension UUID: PostgresScalar {
    /// `uuid`.
    public static var postgresType: PostgresType { .uuid }
    /// `uuid[]`.
    public static var postgresArrayType: PostgresType { .uuidArray }
    /// The length in bytes.
    public var postgresLength: Int? { 16 }
    /// Writes it.
    public func encode(to target: UnsafeMutableRawPointer) { target.storeBytes(of: uuid, as: uuid_t.self) }
    /// Reads a `uuid`.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> UUID {
        guard value.type == .uuid, let bytes = value.bytes, bytes.count == 16 else { throw value.mismatch(UUID.self) }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Date: PostgresScalar {
    /// From the server's epoch (2000-01-01) to Foundation's (2001-01-01): 366 days.
    private static let epochOffset: TimeInterval = 366 * 86_400

    /// `timestamp with time zone`.
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamp with time zone[]`.
    public static var postgresArrayType: PostgresType { .timestamptzArray }
    /// The length in bytes.
    public var postgresLength: Int? { 8 }
    /// Writes microseconds since 2000-01-01, rounded.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochOffset) * 1_000_000).rounded()
        guard let value = Int64(exactly: microseconds) else {
            throw PostgresError(.usage, "a date is outside of what the database can hold")
        }
        target.store(value)
    }
    /// Reads a `timestamp with time zone`; infinity is a decoding error.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Date {
        guard value.type == .timestamptz else { throw value.mismatch(Date.self) }
        let microseconds = try value.integer(as: Int64.self)
        guard microseconds != .max, microseconds != .min else {
            throw PostgresError(.decoding, "an infinite timestamp does not decode as Date")
        }
        return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - epochOffset)
    }
}

extension Duration: PostgresScalar {
    /// `interval`.
    public static var postgresType: PostgresType { .interval }
    /// `interval[]`.
    public static var postgresArrayType: PostgresType { .intervalArray }
    /// The length in bytes.
    public var postgresLength: Int? { 16 }
    /// Writes microseconds (rounded down), no days and no months.
    public func encode(to target: UnsafeMutableRawPointer) throws(PostgresError) {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (total, overflowOfSum) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        guard !overflow, !overflowOfSum else {
            throw PostgresError(.usage, "a duration is longer than what the database can hold")
        }
        target.store(total)
        target.store(Int64(0), at: 8)
    }
    /// Reads an `interval` without months, which have no fixed length; a day counts 24 hours.
    public static func decode(_ value: PostgresValue) throws(PostgresError) -> Duration {
        guard value.type == .interval, let bytes = value.bytes, bytes.count == 16 else {
            throw value.mismatch(Duration.self)
        }
        let microseconds = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let days = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let months = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        guard months == 0 else { throw PostgresError(.decoding, "an interval of months does not decode as Duration") }
        return .microseconds(microseconds) + .seconds(Int64(days) * 86_400)
    }
}
