import Foundation
import Jobs
import Postgres
import TestKit
import Testing

@testable import WorkerKit

/// Rows of a worker's own, within the fence of its job.
@Suite struct RowsTests {
    @Test func rowsAreWrittenWhileTheJobIsOwned() async throws {
        try await Bench.with { bench in
            try await bench.makeTable()
            let job = try await bench.run(try await bench.claim()) { _, context in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for value: Int32 in 0..<20 {
                        group.addTask { try await context.write([Self.insert(value, context.job), "SELECT 1"]) }
                    }
                    try await group.waitForAll()
                }
                try await context.write([Self.insert(3, context.job)])
                return .done(.init(text: "x"))
            }
            #expect(job.status == .completed)
            #expect(try await bench.values(of: job.id) == (0..<20).map(\.self))
        }
    }

    @Test func nothingIsWrittenOnceAnotherAttemptOwnsTheJob() async throws {
        try await Bench.with { bench in
            try await bench.makeTable()
            let claim = try await bench.claim()
            let running = RunningJob(claim, grace: .seconds(10))
            let executor = try bench.executor { _, context in
                try await context.write([Self.insert(1, context.job)])
                try await bench.store.database.query(
                    "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = \(context.job)")
                _ = try await bench.store.reap()
                let next = try await bench.again(context.job)
                await #expect(throws: Superseded.self) { try await context.write([Self.insert(2, context.job)]) }
                #expect(context.stopReason == .superseded && next.attempt == 2)
                return .done(.init(text: "stale"))
            }
            await executor.execute(running)
            #expect(try await bench.values(of: claim.id) == [1])
            #expect(try await bench.job(claim.id).status == .running)
        }
    }

    @Test func aCallIsWrittenAsAWholeOrNotAtAll() async throws {
        try await Bench.with { bench in
            try await bench.makeTable()
            let job = try await bench.run(try await bench.claim(maxAttempts: 1)) { _, context in
                try await context.write([Self.insert(1, context.job), "SELECT 1 / 0"])
                return .done(.init(text: "x"))
            }
            #expect(job.status == .failed)
            #expect(try await bench.values(of: job.id).isEmpty)
        }
    }

    private static func insert(_ value: Int32, _ job: UUID) -> Statement {
        "INSERT INTO probe_rows (job_id, value) VALUES (\(job), \(value)) ON CONFLICT DO NOTHING"
    }
}

extension Bench {
    fileprivate func makeTable() async throws {
        try await test.database.query(
            "CREATE TABLE probe_rows (job_id uuid NOT NULL, value integer NOT NULL, PRIMARY KEY (job_id, value))")
    }

    fileprivate func values(of job: UUID) async throws -> [Int32] {
        try await test.database.query("SELECT value FROM probe_rows WHERE job_id = \(job) ORDER BY value").map {
            try $0.decode("value")
        }
    }
}
