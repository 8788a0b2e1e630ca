/// SQL for what takes no parameters, such as COPY: values become quoted literals of a named type, names become quoted identifiers.
///
/// Written as a string with interpolation: `"SELECT \(name: column) FROM t WHERE id = \(literal: id, .uuid)"`.
public struct SQLText: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The whole text.
    public private(set) var sql: String

    /// SQL that stands in the source code, or that the operator has written.
    public init(stringLiteral value: String) { sql = value }

    /// The finished literal.
    public init(stringInterpolation: StringInterpolation) { sql = stringInterpolation.sql }

    /// Collects the pieces of the literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql = ""

        /// Starts an empty text.
        public init(literalCapacity: Int, interpolationCount: Int) { sql.reserveCapacity(literalCapacity) }

        /// Adds SQL that stands in the source code.
        public mutating func appendLiteral(_ literal: String) { sql += literal }

        /// Adds a part that is such a text itself.
        public mutating func appendInterpolation(_ part: SQLText) { sql += part.sql }

        /// Adds parts with something between them.
        public mutating func appendInterpolation(_ parts: [SQLText], separator: String) {
            sql += parts.map(\.sql).joined(separator: separator)
        }

        /// Adds a name as a quoted identifier, whatever it holds.
        public mutating func appendInterpolation(name: String) { sql += name.quotedIdentifier }

        /// Adds a whole number as it is.
        public mutating func appendInterpolation(number: Int) { sql += String(number) }

        /// Adds a value as a literal that the server reads as `type`, in that type's own input form; NULL when nil.
        ///
        /// - Parameter type: as the server writes it (`format_type`), or a name from the source code; it is not quoted.
        public mutating func appendInterpolation(literal value: String?, _ type: String) {
            sql += "CAST(\(value.map(SQLText.quoted) ?? "NULL") AS \(type))"
        }

        /// Adds a text as a string constant, where the grammar takes nothing else.
        public mutating func appendInterpolation(constant value: String) { sql += SQLText.quoted(value) }
    }

    /// The value as a string constant that reads the same under either setting of `standard_conforming_strings`.
    private static func quoted(_ value: String) -> String {
        // By scalars, because a quote followed by a combining mark is one character that equals no quote. A string ends for libpq at NUL.
        var result = value.unicodeScalars.contains("\\") ? " E'" : "'"
        for scalar in value.unicodeScalars where scalar != "\0" {
            if scalar == "'" || scalar == "\\" { result.unicodeScalars.append(scalar) }
            result.unicodeScalars.append(scalar)
        }
        return result + "'"
    }
}
