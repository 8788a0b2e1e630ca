import Crypto
import Foundation
import Jobs
import Postgres
import Tabular
import TestKit
import Testing
import WorkerKit

@testable import ExportsWorker

/// How long the rows of a batch may take.
@Suite struct BatchLoadTests {
    /// Each call of it runs statements of a tenth of a second, and refuses more than one row.
    private struct Target: ImportTarget {
        let statements: Int
        let refuses: Bool
        let names: [String] = []
        let batch = BatchSize(rows: 1000, bytes: 1 << 20)
        let places: [ColumnPlace] = []
        mutating func map(_ source: TableLayout) throws(JobFailure) {}
        func writer() -> any RowWriter { preconditionFailure("rows are not read") }
        func load(
            _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
            _ session: Session
        ) throws -> LoadCounts {
            for _ in 0..<statements {
                try deadline.limitNext(session)
                try session.script("SELECT pg_sleep(0.1)")
            }
            if refuses && rows.count > 1 { try session.script("SELECT 1 / 0") }
            return LoadCounts(loaded: Int64(rows.count))
        }
    }

    private func load(_ target: Target) async throws -> BatchLoad.Outcome {
        var batch = ImportBatch()
        batch.rows = (0..<64).map { ImportBatch.Row(start: 0, position: Position(number: $0 + 1)) }
        let load = BatchLoad(
            target: target, batch: batch, origin: UUIDv7.generate(), mostRefused: 100, mostTime: .seconds(1))
        return try await TestDatabase.with(isMigrated: false) { test in
            try await test.database.withSession { session in
                try session.transaction { session in
                    let outcome = try load.run(session)
                    // As what the import writes behind.
                    try session.script("SELECT pg_sleep(0.3)")
                    return outcome
                }
            }
        }
    }

    @Test func aBatchMayTakeNearlyAllOfItsTime() async throws {
        #expect(try await load(Target(statements: 8, refuses: false)).counts.loaded == 64)
    }

    /// No statement is slow for itself.
    @Test(arguments: [(30, false), (1, true)]) func aBatchHasOneTimeForAllStatements(
        statements: Int, refuses: Bool
    ) async throws {
        let start = ContinuousClock.now
        await #expect(throws: BatchLoad.TooSlow.self) {
            try await load(Target(statements: statements, refuses: refuses))
        }
        #expect(ContinuousClock.now - start < .seconds(2.5))
    }
}
