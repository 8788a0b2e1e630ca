/// SQL with its parameters, written as a string with interpolation: `"SELECT … WHERE id = \(id)"`.
///
/// An interpolated value becomes a parameter (`$1`, `$2`, …) with an explicit type; no interpolation can splice text that is not known
/// at compile time. Values are encoded while the literal is built, into one buffer.
public struct Statement: Sendable, ExpressibleByStringInterpolation {
    /// One bound value, without its bytes.
    struct Parameter: Sendable {
        let type: PostgresType
        /// The length in the buffer, -1 for NULL.
        let length: Int32
        /// Where its `$n` begins in the SQL's UTF-8, so that fragments can be renumbered.
        let offset: Int
    }

    /// The text with `$1`, `$2`, … where the parameters stand.
    public private(set) var sql: String
    private(set) var parameters: [Parameter] = []
    private(set) var writer = PostgresWriter()

    /// Collects the pieces of the literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var statement: Statement

        /// Starts an empty statement.
        public init(literalCapacity: Int, interpolationCount: Int) {
            statement = Statement(stringLiteral: "")
            statement.sql.reserveCapacity(literalCapacity + interpolationCount * 3)
            statement.parameters.reserveCapacity(interpolationCount)
        }

        /// Adds SQL that stands in the source code.
        public mutating func appendLiteral(_ literal: String) { statement.sql += literal }

        /// Binds a value to the next parameter.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) { statement.bind(value) }

        /// Adds a part that is a statement itself, such as an optional condition, with its parameters.
        public mutating func appendInterpolation(_ fragment: Statement) { statement.append(fragment) }

        /// Adds text that is known at compile time, such as a list of columns that several statements share.
        public mutating func appendInterpolation(raw text: StaticString) {
            statement.sql += text.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// SQL without parameters.
    public init(stringLiteral value: String) { sql = value }

    /// The finished literal.
    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.statement }

    /// Adds another statement's text and parameters at the end, its parameters renumbered.
    public mutating func append(_ fragment: Statement) {
        let text = fragment.sql.utf8
        var position = text.startIndex
        for parameter in fragment.parameters {
            let placeholder = text.index(text.startIndex, offsetBy: parameter.offset)
            sql += fragment.sql[position..<placeholder]
            position = text[text.index(after: placeholder)...].firstIndex { !(48...57).contains($0) } ?? text.endIndex
            addParameter(type: parameter.type, length: parameter.length)
        }
        sql += fragment.sql[position...]
        writer.append(fragment.writer)
    }

    /// What makes the statement impossible to run, found while its values were encoded.
    var error: PostgresError? {
        if let error = writer.error { return error }
        if parameters.count > UInt16.max {
            return PostgresError(
                .usage, "a statement has more than \(UInt16.max) parameters; bind arrays and unnest them")
        }
        return nil
    }

    private mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        let length = writer.encode(value)
        addParameter(type: Value.postgresType, length: length)
    }

    private mutating func addParameter(type: PostgresType, length: Int32) {
        parameters.append(Parameter(type: type, length: length, offset: sql.utf8.count))
        sql += "$"
        sql += String(parameters.count)
    }
}
