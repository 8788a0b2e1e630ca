import Foundation
import JSON
import Postgres
import Tabular
import WorkerKit

/// What becomes of the rows of an import.
///
/// Rows are written by its writer while they are read, each as bytes that only the target knows; a batch of them is loaded later, in the transaction that
/// says how far the import is.
protocol ImportTarget: Sendable {
    /// The names that the columns of a source may have for it.
    var names: [String] { get }
    /// How many rows are loaded together.
    var batch: BatchSize { get }
    /// Where each column goes, once the source is known.
    var places: [ColumnPlace] { get }
    /// How a dry run shows a row that was written; nil where its columns say all.
    func example(_ row: [UInt8]) throws -> JSON?

    /// Finds out which column of a source goes where.
    ///
    /// - Throws: `JobFailure` with what there is.
    mutating func map(_ source: TableLayout) throws(JobFailure)
    /// What writes the rows, on one thread.
    func writer() -> any RowWriter
    /// Loads rows of a batch, all or none.
    ///
    /// - Parameters:
    ///   - origin: the job that the import began as.
    ///   - deadline: limits each statement that may take long.
    func load(
        _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
        _ session: Session
    ) throws -> LoadCounts
    /// The jobs that were made of the rows; nil for a target that makes none.
    func made(by origin: UUID, _ context: JobContext) async throws -> ImportedRows.Made?
}

extension ImportTarget {
    func example(_ row: [UInt8]) throws -> JSON? { nil }
    func made(by origin: UUID, _ context: JobContext) async throws -> ImportedRows.Made? { nil }
}

/// Writes rows as their target takes them. It belongs to one thread.
protocol RowWriter: AnyObject {
    /// Appends a row; says what is wrong with it, and appends nothing then.
    func append(_ record: borrowing Tabular.Record, to output: inout [UInt8]) -> [RowFault]
}

/// A column of the source and where it goes.
struct ColumnPlace: Sendable {
    /// Its place in the source, from 0.
    let field: Int
    /// Of the target's.
    let name: String
    /// Whether its values are shown to nobody.
    var isSecret = false
}

/// How large a batch may be.
struct BatchSize: Sendable {
    let rows: Int
    let bytes: Int
}

/// What became of rows.
struct LoadCounts: Sendable {
    /// How many were added.
    var loaded: Int64 = 0
    /// How many took the place of others.
    var updated: Int64 = 0
}
