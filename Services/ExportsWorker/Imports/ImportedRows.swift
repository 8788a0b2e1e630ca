import Foundation
import JSON
import Tabular

/// What comes out of a job.
struct ImportedRows: Encodable, Sendable {
    struct Artifact: Encodable, Sendable {
        let id: UUID
        let name: String
        let size: Int64
        let sha256: String
    }

    /// A column of the source and where it goes.
    struct Mapped: Encodable, Sendable {
        let source: String
        let target: String
    }

    /// Jobs that were made of rows.
    struct Made: Encodable, Sendable {
        let type: String
        let count: Int
        /// Of the first hundred.
        let ids: [UUID]
    }

    let dryRun: Bool
    let layout: TableLayout
    /// What the columns look like by the first 10,000 rows.
    let columns: [ColumnGuess]
    let mapping: [Mapped]
    var loaded: Int64 = 0
    var updated: Int64 = 0
    var rejected: Int64 = 0
    /// What is wrong with the first rows, of a dry run.
    var faults: [JSON] = []
    /// The first rows as they would be loaded, of a dry run into anything but a table.
    var examples: [JSON] = []
    /// The job that the import began as, whose children the jobs are and which the documents belong to; nil for a dry run.
    var origin: UUID?
    var jobs: Made?
    /// The rejected rows, to be mended and imported again.
    var artifacts: [Artifact] = []

    enum CodingKeys: String, CodingKey {
        case layout, columns, mapping, loaded, updated, rejected, faults, examples, jobs, artifacts
        case origin = "import_id"
        case dryRun = "dry_run"
    }
}
