import Foundation
import Jobs
import WorkerKit

/// The rejected rows as a CSV file: the source's own columns, and behind them what is wrong. Mended, it can be imported again: the columns behind are those of
/// no table. In those, text that a spreadsheet would run gets an apostrophe before it; the source's own are as they were, or mending would change them.
struct RejectsFile {
    /// How much of the rows is in memory at a time.
    private static let bytesAtOnce = 4 << 20
    private static let name = "rejected.csv"

    private let origin: UUID
    private let columns: [String]
    private let context: JobContext

    init(_ origin: UUID, _ columns: [String], _ context: JobContext) {
        (self.origin, self.columns, self.context) = (origin, columns, context)
    }

    /// Writes the file; none when no row was rejected.
    func write() async throws -> [ImportedRows.Artifact] {
        var page = try await page(after: 0)
        guard page != nil else { return [] }
        try await context.clearArtifacts()
        let file = try await context.files.begin(name: Self.name, mediaType: "text/csv; charset=utf-8")
        do {
            try await file.append(
                Self.line(columns + ["import_line", "import_column", "import_value", "import_reason"]))
            while let numbers = page {
                var bytes: [UInt8] = []
                for row in try await rows(numbers) {
                    let fields = (row.fields ?? []).prefix(columns.count)
                    let filled = fields + [String?](repeating: nil, count: columns.count - fields.count)
                    bytes += Self.line(filled + ["\(row.line)"] + [row.name, row.value, row.reason].map(Self.guarded))
                }
                try await file.append(bytes)
                page = try await self.page(after: numbers.upperBound)
            }
            let record = try await file.finish()
            try await context.write([context.files.adding([record])])
            return [ImportedRows.Artifact(id: record.id, name: record.name, size: record.size, sha256: record.sha256)]
        } catch {
            await file.discard()
            throw error
        }
    }

    private func page(after number: Int64) async throws -> ClosedRange<Int64>? {
        try await context.read { [origin] in
            try await RejectedRow.page(of: origin, after: number, bytes: Self.bytesAtOnce, in: $0)
        }
    }

    private func rows(_ numbers: ClosedRange<Int64>) async throws -> [RejectedRow] {
        try await context.read { [origin] in try await RejectedRow.of(origin, numbers, in: $0) }
    }

    private static func guarded(_ text: String?) -> String? {
        text.map { text in Array(text.utf8).withUnsafeBytes(FormulaGuard.isFormula) ? "'" + text : text }
    }

    private static func line(_ fields: [String?]) -> [UInt8] {
        Array(fields.map { $0.map { CSVFormat.field($0, delimiter: 0x2C) } ?? [] }.joined(separator: [0x2C])) + [0x0A]
    }
}
