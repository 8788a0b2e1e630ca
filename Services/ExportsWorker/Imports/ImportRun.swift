import Foundation
import JSON
import Jobs
import Postgres
import Tabular
import WorkerKit

/// One attempt's way through the rows of an import.
struct ImportRun: Sendable {
    /// Rows that the server refuses; their batch is loaded without them.
    private struct RefusedRows: Error { let rows: [(row: Int, error: PostgresError)] }

    let input: Import
    let target: any ImportTarget
    let reading: TableReading
    /// The job whose progress this is.
    let origin: UUID
    let context: JobContext

    /// Stands for the beginning of a source.
    private static let unread = JSONText("{}")

    private static func position(of progress: ImportProgress) throws -> Position? {
        progress.position == unread ? nil : try JSON.parse(progress.position.bytes).decode(Position.self)
    }

    /// Loads what is left; nil when the job was asked to end before.
    ///
    /// - Throws: `JobFailure` `row_rejected` or `too_many_errors`, where the import ends because of its rows.
    func load() async throws -> ImportProgress? {
        var progress = try await context.transaction { [origin] session in
            try ImportProgress.begin(
                origin, start: ImportProgress(position: Self.unread),
                next: { Int64(try Self.position(of: $0)?.number ?? 1) }, session)
        }
        let start = try Self.position(of: progress)
        if let start {
            context.log(.info, "going on at line \(start.line), after \(progress.loaded + progress.updated) rows")
        }
        context.goOn(from: Double(progress.loaded + progress.updated + progress.rejected))
        try await reading.begin(for: target, at: start)
        var current = try await reading.next(mostRejected: input.mostErrors)
        while true {
            let batch = current
            guard context.stopReason == nil else { return nil }
            async let following = batch.isLast ? nil : reading.next(mostRejected: input.mostErrors)
            progress = try await load(batch, after: progress)
            report(progress)
            guard let next = try await following else { return progress }
            current = next
        }
    }

    private func load(_ batch: ImportBatch, after progress: ImportProgress) async throws -> ImportProgress {
        var batch = batch
        let read = (try Self.position(of: progress)?.number ?? 1) - 1
        batch.followsNewRows = progress.loaded + progress.rejected == Int64(read)
        while true {
            try await expectFewRejected(batch, after: progress)
            do {
                return try await context.transaction { [batch, target, origin, input] session in
                    // The call may be a repetition of one that was committed and whose answer was lost.
                    let stored = try ImportProgress.locked(origin, session)
                    let (now, before) = (try Self.position(of: stored), try Self.position(of: progress))
                    if now == batch.end { return stored }
                    guard now == before else {
                        throw JobFailure(
                            code: "import_taken",
                            message: "Another job goes on with this import: it was retried or restarted twice.")
                    }
                    let load = BatchLoad(
                        target: target, batch: batch, origin: origin, mostRefused: input.mostErrors)
                    let outcome = try load.run(session)
                    guard outcome.refused.isEmpty else { throw RefusedRows(rows: outcome.refused) }
                    var progress = progress
                    progress.loaded += outcome.counts.loaded
                    progress.updated += outcome.counts.updated
                    progress.rejected += Int64(batch.rejected.count)
                    progress.position = JSONText(try JSON.encode(batch.end).serialized())
                    try RejectedRow.write(batch.rejected, for: origin, session)
                    try progress.write(for: origin, session)
                    return progress
                }
            } catch let refused as RefusedRows {
                batch = try await without(refused.rows, batch)
            } catch is BatchLoad.TooSlow {
                guard let (first, second) = batch.halves else {
                    throw JobFailure(
                        code: "row_too_slow",
                        message:
                            "The database takes over \(BatchLoad.mostTime.components.seconds) s for the row at line \(batch.rows.first?.position.line ?? 0): look at the table's triggers and locks."
                    )
                }
                return try await load(second, after: load(first, after: progress))
            }
        }
    }

    /// The batch without rows that the server refuses, which are told of with what they are in the source.
    private func without(
        _ refused: [(row: Int, error: PostgresError)], _ batch: ImportBatch
    ) async throws -> ImportBatch {
        var rest = batch
        let fields = try await reading.fields(at: refused.map { batch.rows[$0.row].position })
        for (row, error) in refused {
            let position = batch.rows[row].position
            rest.rejected.append(
                RejectedRow(
                    number: Int64(position.number), line: Int64(position.line), name: nil, value: nil,
                    reason: error.detail.map { "\(error.message): \($0)" } ?? error.message,
                    fields: fields[position.number]))
        }
        let gone = Set(refused.map(\.row))
        (rest.text, rest.rows) = ([], [])
        for row in batch.rows.indices where !gone.contains(row) {
            rest.rows.append(ImportBatch.Row(start: rest.text.count, position: batch.rows[row].position))
            rest.text += batch.text[batch.bytes(of: row..<row + 1)]
        }
        rest.rejected.sort { $0.number < $1.number }
        return rest
    }

    private func expectFewRejected(_ batch: ImportBatch, after progress: ImportProgress) async throws {
        guard progress.rejected + Int64(batch.rejected.count) > Int64(input.mostErrors),
            let first = batch.rejected.first
        else { return }
        try await context.transaction { [origin] in try RejectedRow.write(batch.rejected, for: origin, $0) }
        let place = first.name.map { "line \(first.line), column \($0)" } ?? "line \(first.line)"
        let taken = progress.loaded + progress.updated
        guard input.onError == .skip else {
            throw JobFailure(
                code: "row_rejected",
                message:
                    "A row cannot be taken (\(place)): \(first.reason). \(taken) rows before it are loaded; `on_error: skip` leaves such rows out.",
                details: first.json)
        }
        throw JobFailure(
            code: "too_many_errors",
            message:
                "More than \(input.mostErrors) rows cannot be taken, the next at \(place): \(first.reason). \(taken) rows are loaded.",
            details: first.json)
    }

    private func report(_ progress: ImportProgress) {
        context.report(
            completed: Double(progress.loaded + progress.updated + progress.rejected), total: nil, unit: "rows",
            phase: "loading",
            numbers: [
                ("loaded", .int(progress.loaded)), ("updated", .int(progress.updated)),
                ("rejected", .int(progress.rejected)),
            ])
    }
}
