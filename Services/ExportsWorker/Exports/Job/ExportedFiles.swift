import Foundation
import JSON

/// What comes out of a job.
struct ExportedFiles: Codable, Sendable {
    struct File: Codable, Sendable {
        /// Of an artifact; nil in a bucket.
        let id: UUID?
        let uri: String
        let name: String
        /// The source whose rows it holds; nil for those of all.
        let table: String?
        let rows: Int
        let size: Int64
        let sha256: String
    }

    struct Column: Codable, Sendable {
        let name: String
        let type: String
    }

    struct Table: Codable, Sendable {
        let name: String
        let dataset: String
        let rows: Int
        let columns: [Column]
        /// What to know of the rows: sentences; nil when there is nothing.
        let notes: [String]?

        /// - Parameter written: what its writer has to say.
        init(_ entry: SnapshotTable, rows: Int, notes written: [String] = []) {
            (name, dataset, self.rows) = (entry.table.name, entry.query.dataset, rows)
            columns = entry.table.columns.map { Column(name: $0.name, type: $0.typeName) }
            let all = entry.notes + written
            notes = all.isEmpty ? nil : all
        }
    }

    let format: String
    let compression: String?
    let rows: Int
    /// When the snapshot was taken that all rows come from.
    let snapshotAt: String
    let tables: [Table]
    let artifacts: [File]
    /// What was done to text that a spreadsheet would run as a formula, and to how many fields.
    let formulas: String
    let neutralisedFields: Int
    /// Texts that were longer than a cell of XLSX can be.
    let cutTexts: Int

    enum CodingKeys: String, CodingKey {
        case format, compression, rows, tables, artifacts, formulas
        case snapshotAt = "snapshot_at"
        case neutralisedFields = "neutralised_fields"
        case cutTexts = "cut_texts"
    }
}
