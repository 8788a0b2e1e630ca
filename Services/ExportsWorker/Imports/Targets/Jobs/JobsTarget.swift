import Foundation
import JSON
import Jobs
import Postgres
import Tabular
import WorkerKit

/// Jobs of a type, one for each row: the columns are members of its spec.
struct JobsTarget: ImportTarget {
    private let jobs: RowJobs
    private let wanted: [String: String]
    private let rules: ValueRules
    private var mapping: MemberMapping?
    private var format = TableFormat.csv

    let batch = BatchSize(rows: 1000, bytes: 4 << 20)
    var names: [String] { wanted.isEmpty ? members : Array(wanted.keys) }
    var places: [ColumnPlace] { mapping?.places ?? [] }

    private var members: [String] { jobs.type.specSchema["properties"]?.objectValue?.keys ?? [] }

    /// - Throws: `JobFailure` `invalid_target`.
    init(_ input: Import, template: JSON, _ context: JobContext) async throws {
        jobs = try await RowJobs(template, context)
        (wanted, rules) = (input.mapping, input.rules)
    }

    mutating func map(_ source: TableLayout) throws(JobFailure) {
        format = source.format
        mapping = try MemberMapping(
            wanted, source: source.columns, known: members, schema: jobs.type.validator)
    }

    func writer() -> any RowWriter {
        MemberWriter(mapping, JSONForm(format, rules: rules), base: jobs.base) {
            [jobs] spec throws(MemberWriter.Refusal) in
            try jobs.read(spec).spec
        }
    }

    /// What was sealed is shown to nobody.
    func example(_ row: [UInt8]) throws -> JSON? { try JSON.parse(Redaction.hide(row)) }

    func load(
        _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
        _ session: Session
    ) throws -> LoadCounts {
        // Judged when they were read; their secrets are sealed.
        let submissions = try jobs.filled(with: rows.map { batch[$0] })
        let numbers = rows.map { batch.rows[$0].position.number }
        try deadline.limitNext(session)
        try jobs.insert(Array(zip(submissions, numbers)), of: origin, session)
        return LoadCounts(loaded: Int64(rows.count))
    }

    func made(by origin: UUID, _ context: JobContext) async throws -> ImportedRows.Made? {
        try await jobs.made(by: origin, context)
    }
}
