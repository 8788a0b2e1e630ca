import Postgres

/// A column of a source by what can be told of it.
struct ReportColumn: Sendable {
    enum Kind { case number, time, text, opaque }

    let name: String
    let type: String
    let kind: Kind

    init(_ column: ResultColumn) {
        (name, type) = (column.name, column.typeName)
        kind =
            switch CellKind(of: column) {
            case .integer, .decimal, .float: .number
            case .date, .timestamp: .time
            case .boolean: .text
            // What has no order of use, or cannot be compared at all.
            case .text: ["json", "jsonb", "bytea", "xml"].contains(column.baseType) ? .opaque : .text
            }
    }

    /// The column as SQL names it.
    var sql: SQLText { "\(name: name)" }
    /// Its value as text.
    var text: SQLText { "CAST(\(sql) AS text)" }
    /// Its value as a number that no sum overflows.
    var number: SQLText { "CAST(\(sql) AS numeric)" }
    /// Its value as a time in UTC.
    var time: SQLText { "CAST(\(sql) AS timestamp)" }

    /// The beginning of its text.
    func text(most: Int) -> SQLText { "left(\(text), \(number: most))" }
}
