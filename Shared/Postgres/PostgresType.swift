/// A type of the server's catalogue, by its OID (stable for built-in types: `pg_type.dat` of PostgreSQL).
public struct PostgresType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The OID.
    public let rawValue: UInt32

    /// Names a type by OID.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ rawValue: UInt32) { self.rawValue = rawValue }

    static let bool = PostgresType(16)
    /// Bytes.
    public static let bytea = PostgresType(17)
    static let name = PostgresType(19)
    static let int8 = PostgresType(20)
    static let int2 = PostgresType(21)
    static let int4 = PostgresType(23)
    static let text = PostgresType(25)
    static let oid = PostgresType(26)
    static let json = PostgresType(114)
    static let xml = PostgresType(142)
    static let float4 = PostgresType(700)
    static let float8 = PostgresType(701)
    static let unknown = PostgresType(705)
    static let bpchar = PostgresType(1042)
    static let varchar = PostgresType(1043)
    static let timestamptz = PostgresType(1184)
    static let interval = PostgresType(1186)
    static let numeric = PostgresType(1700)
    static let uuid = PostgresType(2950)
    static let jsonb = PostgresType(3802)
    static let xid8 = PostgresType(5069)

    static let boolArray = PostgresType(1000)
    static let byteaArray = PostgresType(1001)
    static let int2Array = PostgresType(1005)
    static let int4Array = PostgresType(1007)
    static let textArray = PostgresType(1009)
    static let int8Array = PostgresType(1016)
    static let float4Array = PostgresType(1021)
    static let float8Array = PostgresType(1022)
    static let timestamptzArray = PostgresType(1185)
    static let intervalArray = PostgresType(1187)
    static let uuidArray = PostgresType(2951)
    static let jsonbArray = PostgresType(3807)

    /// Types that extensions and users make; enumerations, which travel as their label, are among them.
    var isUserDefined: Bool { rawValue >= 16_384 }

    /// The SQL name, or the OID of a type that this module does not name.
    public var description: String { Self.names[self] ?? "type with OID \(rawValue)" }

    private static let names: [PostgresType: String] = [
        .bool: "boolean", .bytea: "bytea", .name: "name", .int8: "bigint", .int2: "smallint", .int4: "integer",
        .text: "text", .oid: "oid", .json: "json", .xml: "xml", .float4: "real", .float8: "double precision",
        .unknown: "unknown", .bpchar: "character", .varchar: "character varying", .interval: "interval",
        .timestamptz: "timestamp with time zone", .numeric: "numeric", .uuid: "uuid", .jsonb: "jsonb", .xid8: "xid8",
        .boolArray: "boolean[]", .byteaArray: "bytea[]", .int2Array: "smallint[]", .int4Array: "integer[]",
        .textArray: "text[]", .int8Array: "bigint[]", .float4Array: "real[]", .float8Array: "double precision[]",
        .timestamptzArray: "timestamp with time zone[]", .intervalArray: "interval[]", .uuidArray: "uuid[]",
        .jsonbArray: "jsonb[]",
    ]
}
