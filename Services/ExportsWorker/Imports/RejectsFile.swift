import Foundation
import Jobs
import WorkerKit

/// The rejected rows as a CSV file: the source's own columns, and behind them what is wrong. Mended, it can be imported again: the columns behind are those of
/// no table.
struct RejectsFile {
    private static let rowsAtOnce: Int = 500
    private static let name = "rejected.csv"

    private let origin: UUID
    private let columns: [String]
    private let context: JobContext

    init(_ origin: UUID, _ columns: [String], _ context: JobContext) {
        (self.origin, self.columns, self.context) = (origin, columns, context)
    }

    /// Writes the file; none when no row was rejected.
    func write() async throws -> [ImportedRows.Artifact] {
        var last: Int64 = 0
        var rows = try await rows(after: last)
        guard !rows.isEmpty else { return [] }
        try await context.clearArtifacts()
        let file = try await context.files.begin(name: Self.name, mediaType: "text/csv; charset=utf-8")
        do {
            try await file.append(
                Self.line(columns + ["import_line", "import_column", "import_value", "import_reason"]))
            while let end = rows.last {
                var bytes: [UInt8] = []
                for row in rows {
                    let fields = (row.fields ?? []).prefix(columns.count)
                    let filled = fields + [String?](repeating: nil, count: columns.count - fields.count)
                    bytes += Self.line(filled + ["\(row.line)", row.name, row.value, row.reason])
                }
                try await file.append(bytes)
                last = end.number
                rows = try await self.rows(after: last)
            }
            let record = try await file.finish()
            try await context.write([context.files.adding([record])])
            return [ImportedRows.Artifact(id: record.id, name: record.name, size: record.size, sha256: record.sha256)]
        } catch {
            await file.discard()
            throw error
        }
    }

    private func rows(after number: Int64) async throws -> [RejectedRow] {
        try await context.read { [origin] in
            try await RejectedRow.of(origin, after: number, limit: Self.rowsAtOnce, in: $0)
        }
    }

    private static func line(_ fields: [String?]) -> [UInt8] {
        Array(fields.map { $0.map { CSVFormat.field($0, delimiter: 0x2C) } ?? [] }.joined(separator: [0x2C])) + [0x0A]
    }
}
