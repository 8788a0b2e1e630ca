import Foundation
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

    let dryRun: Bool
    let layout: TableLayout
    /// What the columns look like by the first 10,000 rows.
    let columns: [ColumnGuess]
    let mapping: [Mapped]
    var loaded: Int64 = 0
    var updated: Int64 = 0
    var rejected: Int64 = 0
    /// What is wrong with the first rows, of a dry run.
    var faults: [RowFault] = []
    /// The rejected rows, to be mended and imported again.
    var artifacts: [Artifact] = []

    enum CodingKeys: String, CodingKey {
        case layout, columns, mapping, loaded, updated, rejected, faults, artifacts
        case dryRun = "dry_run"
    }
}
