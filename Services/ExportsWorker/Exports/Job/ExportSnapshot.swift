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
            let tables = try queries.map { ($0, try $0.table(session)) }
            try output.expect(rows: tables.reduce(0) { $0 + (try session.estimatedRows(of: $1.1.query)) })
            for (query, (table, rows)) in tables {
                try writer.begin(table)
                let count = try session.copyOut(writer.rows(of: rows), options: writer.copyOptions) {
                    try writer.add($0)
                }
                try writer.end()
                tally.tables.append(
                    ExportedFiles.Table(
                        name: table.name, dataset: query.dataset.name, rows: count,
                        columns: table.columns.map { ExportedFiles.Column(name: $0.name, type: $0.typeName) }))
            }
            try writer.finish()
            (tally.neutralised, tally.cutTexts) = (writer.neutralised, writer.cutTexts)
            return tally
        }
    }
}

extension Session {
    /// About how many rows a query has, by the planner's statistics.
    fileprivate func estimatedRows(of query: SQLText) throws -> Int {
        let explain: SQLText = "EXPLAIN (FORMAT JSON) \(query)"
        let plan = try self.query(Statement(stringLiteral: explain.sql))[0].decode("QUERY PLAN", as: JSONText.self)
        return try JSON.parse(plan.bytes)[0]?["Plan"]?["Plan Rows"]?.intValue ?? 0
    }
}

extension Export {
    fileprivate func writer(to output: HandedPieces) throws -> any TableWriter {
        let guarding = formulas == .neutralise ? FormulaGuard() : nil
        let limits = PartLimits(rows: parts.rows ?? .max, bytes: parts.bytes ?? .max)
        switch format {
        case .csv:
            let format = CSVFormat(
                delimiter: csv.delimiter.utf8.first ?? 0x2C, hasHeader: csv.header, hasByteOrderMark: csv.byteOrderMark,
                endsWithCRLF: csv.lineEnd == "crlf", formulas: guarding)
            return LineWriter(format, limits: limits, output: output)
        case .jsonl: return LineWriter(JSONFormat(isArray: false), limits: limits, output: output)
        case .json: return LineWriter(JSONFormat(isArray: true), limits: limits, output: output)
        case .xlsx:
            return try WorkbookWriter(
                hasHeader: csv.header, formulas: guarding, folder: NSTemporaryDirectory(), output: output)
        }
    }
}
