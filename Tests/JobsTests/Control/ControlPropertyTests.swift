import Foundation
import Testing

@testable import Jobs

/// Random interleavings of everything that moves a job, by clients, workers, stale workers, the dispatcher and the reaper, executed by
/// the statements themselves and compared with a model after each step.
///
/// `SWITCHYARD_TEST_SEED` repeats a run that failed.
@Suite struct ControlPropertyTests {
    private static let lanes = 4
    private static let batchesPerLane = 2
    private static let batchSize = 1280
    private static let steps = 12

    @Test func everyInterleavingFollowsTheModel() async throws {
        let seed =
            ProcessInfo.processInfo.environment["SWITCHYARD_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
        let start = ContinuousClock.now
        let lineages = try await withThrowingTaskGroup(of: [Lineage].self) { group in
            for lane in 0..<Self.lanes { group.addTask { try await Self.lane(lane, seed: seed) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(lineages.count >= 10_000)
        let steps = lineages.reduce(0) { $0 + $1.steps.count }
        print(
            "\(lineages.count) interleavings, \(steps) steps, \(lineages.reduce(0) { $0 + $1.jobs.count }) jobs "
                + "in \(ContinuousClock.now - start), seed \(seed)")
        let failed = lineages.filter { $0.failure != nil }
        if let first = failed.min(by: { $0.steps.count < $1.steps.count }) {
            let (steps, failure) = try await Self.shrunk(first)
            Issue.record(
                """
                \(failed.count) of \(lineages.count) interleavings left the model; SWITCHYARD_TEST_SEED=\(seed)
                the shortest: \(steps.map(\.description).joined(separator: ", "))
                expected: \(failure?.expected ?? "")
                found:    \(failure?.found ?? "")
                """)
        }
    }

    /// Each lane has a schema of its own, because release and reap take whatever is due.
    private static func lane(_ lane: Int, seed: UInt64) async throws -> [Lineage] {
        try await withStore { store in
            var done: [Lineage] = []
            for number in 0..<batchesPerLane {
                let first = UInt64((lane * batchesPerLane + number) * batchSize)
                var batch = ControlBatch(
                    store, (0..<UInt64(batchSize)).map { Lineage(seed: seed &+ (first + $0) &* 0x1234_5678_9ABC_DEF1) })
                try await batch.run(steps: steps)
                done += batch.lineages
            }
            let violations = try await store.controlViolations()
            #expect(violations.isEmpty, "\(violations.prefix(3))")
            return done
        }
    }

    /// Leaves out one step after the other for as long as the rest still fails.
    private static func shrunk(_ lineage: Lineage) async throws -> ([Step], Lineage.Failure?) {
        try await withStore { store in
            var (steps, failure) = (lineage.steps, lineage.failure)
            while steps.count > 1 {
                let shorter = (1..<steps.count).map { left in
                    steps.enumerated().filter { $0.offset != left }.map(\.element)
                }
                var batch = ControlBatch(store, shorter.map { Lineage(script: $0) })
                try await batch.run(steps: steps.count)
                guard let found = batch.lineages.first(where: { $0.failure != nil }) else { break }
                (steps, failure) = (found.steps, found.failure)
            }
            return (steps, failure)
        }
    }
}

extension JobStore {
    /// What must be true of every job at every moment, whatever has happened: a line for each that breaks it.
    func controlViolations() async throws -> [String] {
        try await database.query(
            """
            SELECT j.id || ' ' || j.status || ': ' || broken.rule AS line
            FROM jobs j, LATERAL (
                SELECT count(*) FILTER (WHERE e.status IN ('completed', 'failed', 'cancelled', 'stopped')) AS ends,
                    (array_agg(e.status ORDER BY e.seq DESC))[1] AS last, max((e.data->>'epoch')::integer) AS saved,
                    array_agg(e.attempt ORDER BY e.seq) = array_agg(e.attempt ORDER BY e.attempt, e.seq) AS rises
                FROM events e WHERE e.job_id = j.id
            ) history, LATERAL (
                SELECT count(*) AS ended, coalesce(max(attempt), 0) AS newest, bool_or(status = 'completed') AS completed
                FROM executions WHERE job_id = j.id
            ) runs, LATERAL (
                SELECT max(epoch) AS epoch FROM checkpoints WHERE job_id = j.id
            ) kept, LATERAL (VALUES
                ('one end, once', ends = (j.status IN ('completed', 'failed', 'cancelled', 'stopped'))::integer),
                ('the last event tells the status', last = j.status),
                ('the attempt never falls', rises),
                ('an execution for each ended attempt', ended = newest
                    AND newest = j.attempt - (j.status IN ('running', 'stopping'))::integer),
                ('only what was completed has the status', coalesce(completed, false) = (j.status = 'completed')),
                ('a deadline with every wish', (j.wanted IS NULL) = (j.stop_deadline IS NULL)),
                ('a mode with every stop', (j.wanted IS NOT DISTINCT FROM 'stop') = (j.stop_mode IS NOT NULL)),
                ('no checkpoint is lost', saved IS NULL OR kept.epoch >= saved)
            ) AS broken (rule, holds)
            WHERE broken.holds IS NOT TRUE LIMIT 20
            """
        ).map { try $0.decode("line") }
    }
}
