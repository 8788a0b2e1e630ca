import Postgres
import WorkerKit

/// Reads the section of a report from a source: three passes over its rows, one more for each chart, none of which keeps rows.
///
/// Rows that the source gives in another order at each pass may differ between them where it has a limit and no order.
struct SourceFigures {
    /// The most columns of a source that a report tells of.
    static let maxColumns = 50

    let source: SnapshotTable
    let report: Export.Report
    /// Whether it is the only source, of which charts need not name it.
    let isOnly: Bool

    private var query: SourceQuery { source.query }

    func section(_ session: Session) throws -> ReportSection {
        let (table, rows) = (source.table, source.rows)
        let all = table.columns.map(ReportColumn.init)
        let columns = Array(all.prefix(Self.maxColumns))
        let specs = try report.charts.map { try check($0, all) }
        let overview = try Overview(columns, of: rows, session)
        let frequencies = try Frequencies(columns, of: rows, session)
        var spans: [String: Double] = [:]
        for (column, found) in zip(columns, overview.columns) { spans[column.name] = found.span }
        let charts = try (specs ?? ChartChoice.charts(columns, overview, frequencies)).map {
            try ChartQuery($0, columns: all, source: table.name, spans: spans).chart(of: rows, session)
        }
        return ReportSection(
            name: ShownText.line(table.name), description: description, rows: overview.rows,
            columns: columns.indices.map {
                summary(columns[$0], overview.rows, overview.columns[$0], frequencies.columns[$0], $0)
            },
            charts: charts, table: try first(columns, of: rows, session),
            notes: notes(all.count, overview.rows))
    }

    /// The charts of this source; columns are looked up before the passes are made.
    private func check(_ charts: [Export.Chart], _ columns: [ReportColumn]) throws -> [Export.Chart] {
        let own = charts.filter { $0.source.map { $0 == query.name } ?? isOnly }
        for chart in own { _ = try ChartQuery(chart, columns: columns, source: query.name, spans: [:]) }
        return own
    }

    private var description: [String] {
        let rows = query.description
        return ["Dataset: \(query.dataset)." + (rows.isEmpty ? "" : " \(ShownText.line(rows, most: 1000))")]
            + SourceWords(source: query.source).sentences
    }

    private func summary(
        _ column: ReportColumn, _ rows: Int, _ found: Overview.Column, _ values: Frequencies.Column?, _ index: Int
    ) -> ColumnSummary {
        ColumnSummary(
            name: ShownText.line(column.name), type: ShownText.line(column.type), nulls: rows - found.values,
            distinct: column.kind == .opaque ? nil : values?.distinct ?? 0, least: found.least, most: found.most,
            mean: found.mean, frequent: values?.frequent ?? [])
    }

    private func notes(_ columns: Int, _ rows: Int) -> [String] {
        var notes = source.notes
        if columns > Self.maxColumns {
            notes.append("Only the first \(Self.maxColumns) of \(ShownText.count(columns)) columns are shown.")
        }
        if rows > Frequencies.most {
            notes.append(
                "Different and frequent values are counted among \(ShownText.count(Frequencies.most)) of the rows.")
        }
        return notes
    }

    private func first(_ columns: [ReportColumn], of rows: SQLText, _ session: Session) throws -> ReportTable {
        // One character more tells that the text goes on.
        let cells: [SQLText] = columns.enumerated().map {
            "\($0.element.text(most: ShownText.cell + 1)) AS c\(number: $0.offset)"
        }
        let found =
            report.rows == 0
            ? nil
            : try session.once("SELECT \(cells, separator: ", ") FROM (\(rows)) AS source LIMIT \(number: report.rows)")
        let places = columns.indices.compactMap { found?.column("c\($0)") }
        return ReportTable(
            columns: columns.map { ReportTable.Column(name: ShownText.line($0.name), isNumber: $0.kind == .number) },
            rows: try (found ?? nil).map { rows in
                try rows.map { row in try places.map { try row.decode($0, as: String?.self).map { ShownText.line($0) } }
                }
            } ?? [])
    }
}
