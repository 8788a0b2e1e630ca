import Foundation
import JSON
import Jobs
import Markup
import Postgres
import Tabular
import WorkerKit

/// Documents of the import, one for each row, with their chunks, as if a job had read them.
///
/// A document's key is its place in the import, the row's number; the same row again changes nothing.
struct DocumentsTarget: ImportTarget {
    /// How many statements go together.
    private static let statementsAtOnce = 500

    private let cutter: TextCutter
    private let schema: JSONSchema
    private let namespace: String
    private let wanted: [String: String]
    private let rules: ValueRules
    private var mapping: MemberMapping?
    private var format = TableFormat.csv

    let batch = BatchSize(rows: 500, bytes: 1 << 20)
    var names: [String] { wanted.isEmpty ? RowDocument.members : Array(wanted.keys) }
    var places: [ColumnPlace] { mapping?.places ?? [] }

    /// - Throws: `JobFailure` `invalid_chunking`.
    init(_ input: Import, _ documents: Import.Documents, _ context: JobContext) throws {
        do throws(TextCutter.Fault) {
            cutter = try TextCutter(size: documents.chunking.size, overlap: documents.chunking.overlap)
        } catch {
            throw JobFailure(
                code: "invalid_chunking", message: "chunking.overlap must be at most half of chunking.size.")
        }
        schema = try JSONSchema(RowDocument.schema)
        (wanted, rules, namespace) = (input.mapping, input.rules, context.namespace)
    }

    mutating func map(_ source: TableLayout) throws(JobFailure) {
        format = source.format
        let mapping = try MemberMapping(
            wanted, source: source.columns, known: RowDocument.members, schema: schema)
        guard mapping.columns.contains(where: { $0.path.text == RowDocument.needed }) else {
            throw .invalidMapping("A document needs \(RowDocument.needed), which no column of the source is mapped to.")
        }
        self.mapping = mapping
    }

    func writer() -> any RowWriter {
        MemberWriter(mapping, JSONForm(format, rules: rules), base: [:]) { [schema] row throws(MemberWriter.Refusal) in
            let violations = schema.validate(row)
            guard violations.isEmpty else { throw MemberWriter.Refusal(violations: violations) }
            return row.serialized()
        }
    }

    func example(_ row: [UInt8]) throws -> JSON? { try JSON.parse(row) }

    func load(
        _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
        _ session: Session
    ) throws -> LoadCounts {
        var statements: [Statement] = []
        for row in rows {
            let document = try JSON.parse(batch[row]).decode(RowDocument.self)
            let chunks = document.chunks(by: cutter)
            let record = document.record(
                batch.rows[row].position.number, of: origin, namespace: namespace, chunks: chunks.count)
            statements += DocumentBatches(chunks).map { DocumentChunk.upsert($0.parts, of: record) }
            statements += record.finish(lastPage: 0, chunks: Int32(clamping: chunks.count))
            if statements.count >= Self.statementsAtOnce {
                try deadline.limitNext(session)
                try session.pipeline(statements)
                statements = []
            }
        }
        if !statements.isEmpty {
            try deadline.limitNext(session)
            try session.pipeline(statements)
        }
        return LoadCounts(loaded: Int64(rows.count))
    }
}
