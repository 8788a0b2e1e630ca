import Foundation
import JSON
import Jobs
import Postgres
import Tabular
import WorkerKit

/// Texts to embed, one for each row, in jobs of type `batch_embedding` that have as many of them as a job may have.
struct TextsTarget: ImportTarget {
    private static let type = "batch_embedding"
    private static let members = ["id", "text", "title", "url"]
    private static let needed = ["id", "text"]
    /// Of a job, as its type's schema says.
    private static let mostTexts = 10_000
    /// Of the texts of a job that has several, so that its spec is not too large.
    private static let mostBytes = Submission.maxSpecBytes * 3 / 4

    private let jobs: RowJobs
    private let wanted: [String: String]
    private let rules: ValueRules
    private var mapping: MemberMapping?
    private var format = TableFormat.csv

    let batch = BatchSize(rows: 10_000, bytes: 4 << 20)
    var names: [String] { wanted.isEmpty ? Self.members : Array(wanted.keys) }
    var places: [ColumnPlace] { mapping?.places ?? [] }

    /// - Throws: `JobFailure` `invalid_target`.
    init(_ input: Import, embedding: JSON, _ context: JobContext) async throws {
        jobs = try await RowJobs(["type": .string(Self.type), "spec": embedding], context)
        (wanted, rules) = (input.mapping, input.rules)
        do { _ = try jobs.read(jobs.base.having([["id": "a", "text": "a"]])) } catch {
            let reasons = error.violations.map(\.description).joined(separator: "; ")
            throw JobFailure(code: "invalid_target", message: "The texts cannot be embedded so: \(reasons)")
        }
    }

    mutating func map(_ source: TableLayout) throws(JobFailure) {
        format = source.format
        let mapping = try MemberMapping(
            wanted, source: source.columns, known: Self.members, schema: jobs.type.validator,
            below: [.member("texts"), .element(0)])
        let missing = Self.needed.filter { name in !mapping.columns.contains { $0.path.text == name } }
        guard missing.isEmpty else {
            throw .invalidMapping("A text needs \(missing.listed), which no column of the source is mapped to.")
        }
        self.mapping = mapping
    }

    func writer() -> any RowWriter {
        MemberWriter(mapping, JSONForm(format, rules: rules), base: jobs.base) {
            [jobs] spec throws(MemberWriter.Refusal) in
            _ = try jobs.read(spec)
            return (spec["texts"]?[0] ?? .null).serialized()
        }
    }

    func example(_ row: [UInt8]) throws -> JSON? { try JSON.parse(row) }

    func load(
        _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
        _ session: Session
    ) throws -> LoadCounts {
        var made: [(submission: Submission, row: Int)] = []
        var next = rows.lowerBound
        while next < rows.upperBound {
            let start = next
            var texts: [JSON] = []
            var bytes = 0
            while next < rows.upperBound, texts.count < Self.mostTexts {
                let text = batch[next]
                bytes += text.count
                guard texts.isEmpty || bytes <= Self.mostBytes else { break }
                texts.append(try JSON.parse(text))
                next += 1
            }
            made.append((try jobs.read(jobs.base.having(texts)), batch.rows[start].position.number))
        }
        try deadline.limitNext(session)
        try jobs.insert(made, of: origin, session)
        return LoadCounts(loaded: Int64(rows.count))
    }

    func made(by origin: UUID, _ context: JobContext) async throws -> ImportedRows.Made? {
        try await jobs.made(by: origin, context)
    }
}

extension JSON {
    /// The spec of an embedding with these texts.
    fileprivate func having(_ texts: [JSON]) -> JSON {
        var spec = objectValue ?? [:]
        spec["texts"] = .array(texts)
        return .object(spec)
    }
}
