import Concurrency
import Foundation
import Jobs
import Postgres
import Telemetry

/// Writes what a worker has to say about its jobs: one transaction at a time, and whatever gathers meanwhile goes into the next.
///
/// While the database is away the batch in hand is kept and tried again, so finished work is written when it is back (G10). The
/// jobs that wait keep their slots, which is what bounds the memory.
final class Recorder: Sendable {
    private let batcher: Batcher<Record, Result<RecordAnswer, PostgresError>>

    init(_ store: JobStore, log: Logger) {
        batcher = Batcher(maxBatch: 500, maxWaiting: 100_000) { records in
            await Self.persist(records, in: store, log: log)
        }
    }

    /// Waits until the record is committed.
    ///
    /// - Throws: `PostgresError` when this record itself cannot be stored.
    func write(_ record: Record) async throws -> RecordAnswer {
        try await batcher.submit(record).get()
    }

    private static func persist(
        _ records: [Record], in store: JobStore, log: Logger
    ) async -> [Result<RecordAnswer, PostgresError>] {
        let backoff = Backoff(base: .milliseconds(50), cap: .seconds(2))
        var failures = 0
        while true {
            do {
                return try await store.write(records).map { .success($0) }
            } catch let error as PostgresError where error.isDataFault {
                guard records.count > 1 else { return [.failure(error)] }
                // One record that cannot be stored must not take the others with it.
                var results: [Result<RecordAnswer, PostgresError>] = []
                for record in records { results += await persist([record], in: store, log: log) }
                return results
            } catch {
                failures += 1
                if failures == 1 {
                    log.warning(
                        "writing waits for the database", ["records": .int(records.count), "error": .error(error)])
                }
                do { try await Task.sleep(for: backoff.delay(afterFailures: failures)) } catch {
                    // Not cancelled in practice: the batcher's task is its own. Going on is right in any case.
                }
            }
        }
    }
}
