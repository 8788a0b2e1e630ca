import Postgres

/// What one pass over the rows of a source tells: how many there are, nulls, and the ends and the middle of numbers and times.
struct Overview {
    struct Column {
        let values: Int
        let least: String?
        let most: String?
        let mean: Double?
        /// Between the first and the last of the times that have an end; in seconds.
        let span: Double?
    }

    let rows: Int
    let columns: [Column]

    init(_ columns: [ReportColumn], of query: SQLText, _ session: Session) throws {
        var parts: [SQLText] = ["count(*) AS rows"]
        for (index, column) in columns.enumerated() { parts += Self.parts(column, index) }
        let row = try session.once("SELECT \(parts, separator: ", ") FROM (\(query)) AS source")[0]
        rows = try row.decode("rows")
        self.columns = try columns.enumerated().map { index, column in
            let values = try row.decode("values\(index)", as: Int.self)
            guard column.kind == .number || column.kind == .time else {
                return Column(values: values, least: nil, most: nil, mean: nil, span: nil)
            }
            let mean = column.kind == .number ? try row.decode("mean\(index)", as: String?.self) : nil
            return Column(
                values: values,
                least: try row.decode("least\(index)", as: String?.self).map { ShownText.line($0) },
                most: try row.decode("most\(index)", as: String?.self).map { ShownText.line($0) },
                mean: mean.flatMap(Double.init),
                span: column.kind == .time ? try row.decode("span\(index)", as: Double?.self) : nil)
        }
    }

    private static func parts(_ column: ReportColumn, _ index: Int) -> [SQLText] {
        let name = column.sql
        let values: SQLText = "count(\(name)) AS values\(number: index)"
        let ends: [SQLText] = [
            "CAST(min(\(name)) AS text) AS least\(number: index)", "CAST(max(\(name)) AS text) AS most\(number: index)",
        ]
        switch column.kind {
        case .text, .opaque: return [values]
        case .number: return [values] + ends + ["CAST(avg(\(column.number)) AS text) AS mean\(number: index)"]
        case .time:
            return [values] + ends + [
                """
                CAST(extract(epoch FROM max(\(column.time)) FILTER (WHERE isfinite(\(name)))
                    - min(\(column.time)) FILTER (WHERE isfinite(\(name)))) AS double precision) AS span\(number: index)
                """
            ]
        }
    }
}
