import Postgres
import WorkerKit

extension ExportSnapshot {
    /// Writes what a report tells of the sources, each by passes of its own over its rows.
    func write(
        _ tables: [SnapshotTable], in form: any ReportForm, to output: HandedPieces, _ session: Session,
        _ tally: inout ExportTally
    ) throws {
        for chart in input.report.charts ?? [] { try check(chart) }
        try output.begin(table: nil)
        try form.begin(
            ReportHead(
                title: ShownText.line(input.report.title ?? input.name, most: 200), snapshotAt: tally.snapshotAt,
                sections: queries.map { ShownText.line($0.name) }))
        var rows = 0
        for entry in tables {
            let section = try SourceFigures(source: entry, report: input.report, isOnly: tables.count == 1).section(
                session)
            try form.add(section)
            try output.count(rows: section.rows)
            rows += section.rows
            tally.tables.append(ExportedFiles.Table(entry, rows: section.rows))
        }
        try form.finish()
        try output.end(rows: rows)
    }

    /// Every chart belongs to a source.
    private func check(_ chart: Export.Chart) throws(JobFailure) {
        let names = queries.map(\.name)
        guard let source = chart.source else {
            if names.count == 1 { return }
            throw ChartQuery.invalid(
                "A chart along \(chart.x) needs the name of its source: \(names.joined(separator: ", ")).")
        }
        guard names.contains(source) else {
            throw ChartQuery.invalid(
                "There is no source \(source) for a chart; there are \(names.joined(separator: ", ")).")
        }
    }
}
