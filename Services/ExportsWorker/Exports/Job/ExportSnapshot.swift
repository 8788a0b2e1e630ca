import Foundation
import JSON
import Jobs
import Postgres

/// What a snapshot has given.
struct ExportTally: Sendable {
    var snapshotAt = ""
    var tables: [ExportedFiles.Table] = []
    var neutralised = 0
    var cutTexts = 0
}

/// Reads all sources of an export in one snapshot and writes them in its format. It works on the thread of the connection.
struct ExportSnapshot {
    let queries: [SourceQuery]
    let input: Export

    init(_ queries: [SourceQuery], _ input: Export) { (self.queries, self.input) = (queries, input) }

    func write(to output: HandedPieces, _ session: Session) throws -> ExportTally {
        try session.snapshot { session in
            var tally = ExportTally()
            tally.snapshotAt = try session.query("SELECT now() AS at")[0].decode("at", as: Date.self).rfc3339()
            let writer = try input.writer(to: output)
            let tables = try queries.map { try $0.table(session) }
            try output.expect(rows: tables.reduce(0) { $0 + (try session.estimatedRows(of: $1.rows)) })
            switch writer {
            case .rows(let writer): try write(tables, by: writer, session, &tally)
            case .report(let form): try write(tables, in: form, to: output, session, &tally)
            }
            return tally
        }
    }

    private func write(
        _ tables: [SnapshotTable], by writer: any TableWriter, _ session: Session, _ tally: inout ExportTally
    ) throws {
        for entry in tables {
            try writer.begin(entry.table)
            let count = try session.copyOut(writer.rows(of: entry.rows), options: writer.copyOptions) {
                try writer.add($0)
            }
            try writer.end()
            tally.tables.append(ExportedFiles.Table(entry, rows: count, notes: writer.notes))
        }
        try writer.finish()
        (tally.neutralised, tally.cutTexts) = (writer.neutralised, writer.cutTexts)
    }
}

/// A source with the columns that it has.
struct SnapshotTable {
    let query: SourceQuery
    let table: ExportTable
    /// The query of its rows.
    let rows: SQLText
    /// What to know of them: sentences.
    let notes: [String]
}

/// What makes the files of a format.
private enum ExportWriter {
    /// Of the rows themselves.
    case rows(any TableWriter)
    /// Of what can be told of them.
    case report(any ReportForm)
}

extension Session {
    /// About how many rows a query has, by the planner's statistics.
    fileprivate func estimatedRows(of query: SQLText) throws -> Int {
        let explain: SQLText = "EXPLAIN (FORMAT JSON) \(query)"
        let plan = try once(explain)[0].decode("QUERY PLAN", as: JSONText.self)
        return try JSON.parse(plan.bytes)[0]?["Plan"]?["Plan Rows"]?.intValue ?? 0
    }
}

extension Export {
    fileprivate func writer(to output: HandedPieces) throws -> ExportWriter {
        let guarding = formulas == .neutralise ? FormulaGuard() : nil
        let folder = NSTemporaryDirectory()
        let limits = PartLimits(rows: parts.rows ?? .max, bytes: parts.bytes ?? .max)
        switch format {
        case .csv:
            let format = CSVFormat(
                delimiter: csv.delimiter.utf8.first ?? 0x2C, hasHeader: csv.header, hasByteOrderMark: csv.byteOrderMark,
                endsWithCRLF: csv.lineEnd == "crlf", formulas: guarding)
            return .rows(LineWriter(format, limits: limits, output: output))
        case .jsonl: return .rows(LineWriter(JSONFormat(isArray: false), limits: limits, output: output))
        case .json: return .rows(LineWriter(JSONFormat(isArray: true), limits: limits, output: output))
        case .xlsx:
            return .rows(try WorkbookWriter(hasHeader: csv.header, formulas: guarding, folder: folder, output: output))
        case .markdown: return .report(MarkdownReport(output))
        case .html: return .report(HTMLReport(output))
        case .pdf: return .report(try PDFReport(output, folder: folder))
        }
    }
}
