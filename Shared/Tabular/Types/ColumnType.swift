/// The type of a column, as far as values are checked for it before the database sees them.
public enum ColumnType: Sendable, Hashable {
    case boolean
    case int2
    case int4
    case int8
    case float4
    case float8
    /// With so many digits in all, of which so many are behind the point; nil for any.
    case numeric(precision: Int?, scale: Int)
    case text
    /// Of so many characters at most.
    case varchar(Int)
    case uuid
    case date
    case timestamp
    case timestamptz
    case time
    case json
    case bytea
    /// An array of any type: an array of JSON is put into its form, the server judges it.
    case array
    /// Any other: its values go to the server as they are, and the server judges them.
    case other

    /// Whether blanks belong to its values.
    var isText: Bool {
        switch self {
        case .text, .varchar, .array, .other: true
        default: false
        }
    }

    /// The type of a name as PostgreSQL's `format_type` gives it, such as `numeric(10,2)`, or a shorter one, such as `int4`.
    public init(named name: String) {
        let name = name.lowercased()
        let base = name.prefix { $0 != "(" }.trimmingSuffix()
        let parts = name.split(separator: "(").dropFirst().first?.prefix { $0 != ")" }
        let numbers =
            parts.map { $0.split(separator: ",").compactMap { Int($0.trimmingSuffix().drop { $0 == " " }) } } ?? []
        if name.hasSuffix("]") {
            self = .array
            return
        }
        switch base {
        case "boolean", "bool": self = .boolean
        case "smallint", "int2": self = .int2
        case "integer", "int", "int4": self = .int4
        case "bigint", "int8": self = .int8
        case "real", "float4": self = .float4
        case "double precision", "float8": self = .float8
        case "numeric", "decimal":
            self = .numeric(precision: numbers.first, scale: numbers.count > 1 ? numbers[1] : 0)
        case "text": self = .text
        case "character varying", "varchar": self = numbers.first.map(ColumnType.varchar) ?? .text
        case "character", "char", "bpchar": self = .varchar(numbers.first ?? 1)
        case "uuid": self = .uuid
        case "date": self = .date
        case "timestamp", "timestamp without time zone":
            self = name.hasSuffix("with time zone") ? .timestamptz : .timestamp
        case "timestamptz", "timestamp with time zone": self = .timestamptz
        case "time", "time without time zone": self = name.hasSuffix("with time zone") ? .other : .time
        case "json", "jsonb": self = .json
        case "bytea": self = .bytea
        default: self = .other
        }
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix() -> String {
        var text = String(self)
        while text.last == " " { text.removeLast() }
        return text
    }
}
