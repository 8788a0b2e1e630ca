import Postgres

/// How many values of each column differ, and which of them are the most frequent, among a bounded number of rows.
///
/// The texts of those rows are laid down once by the server, so that the source is read one time more, not once for each column.
struct Frequencies {
    /// The most rows that are looked at.
    static let most = 200_000
    /// Values are told apart by so many of their first characters.
    static let characters = 100
    /// How many frequent values are shown.
    private static let shown = 5

    struct Column {
        var distinct = 0
        var frequent: [ColumnSummary.Frequent] = []
    }

    /// By the columns' places.
    private(set) var columns: [Int: Column] = [:]

    init(_ columns: [ReportColumn], of query: SQLText, _ session: Session) throws {
        let comparable = columns.enumerated().filter { $0.element.kind != .opaque }
        guard !comparable.isEmpty else { return }
        let texts: [SQLText] = comparable.map { "\($0.element.text(most: Self.characters)) AS c\(number: $0.offset)" }
        let counts: [SQLText] = comparable.map { entry in
            let name: SQLText = "c\(number: entry.offset)"
            return """
                (SELECT \(number: entry.offset) AS number, \(name) AS value, count(*) AS rows, count(*) OVER () AS "distinct"
                FROM laid WHERE \(name) IS NOT NULL GROUP BY \(name) ORDER BY rows DESC, value LIMIT \(number: Self.shown))
                """
        }
        let rows = try session.once(
            """
            WITH laid AS MATERIALIZED (SELECT \(texts, separator: ", ") FROM (\(query)) AS source LIMIT \(number: Self.most))
            SELECT * FROM (\(counts, separator: " UNION ALL ")) AS found ORDER BY number, rows DESC, value
            """)
        for row in rows {
            let number = try row.decode("number", as: Int.self)
            let count = try row.decode("rows", as: Int.self)
            self.columns[number, default: Column()].distinct = try row.decode("distinct", as: Int.self)
            // What stands once tells nothing.
            guard count > 1 else { continue }
            let value = ShownText.label(try row.decode("value"))
            self.columns[number]?.frequent.append(ColumnSummary.Frequent(value: value, count: count))
        }
    }
}
