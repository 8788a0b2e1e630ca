import Foundation
import Postgres
import Testing

@testable import Jobs

@Suite struct SchemaTests {
    /// What each statement would make of a row is impossible, so a bug in a statement fails instead of leaving a half-moved row.
    @Test func impossibleRowsAreRefused() async throws {
        let impossible: [(what: String, change: Statement, of: JobStatus)] = [
            ("an unknown status", "status = 'done'", .queued),
            ("an end without its time", "status = 'completed', lease_until = NULL", .running),
            ("a time of an end without the end", "finished_at = now()", .queued),
            ("running without a lease", "lease_until = NULL", .running),
            ("a lease without running", "lease_until = now()", .queued),
            ("running without a worker", "worker = NULL", .running),
            ("running in no attempt", "attempt = 0", .running),
            ("stopping without a wish", "status = 'stopping'", .running),
            ("a wish without stopping", "wanted = 'cancel'", .running),
            ("an unknown wish", "status = 'stopping', wanted = 'pause'", .running),
            ("an unknown mode", "stop_mode = 'force'", .running),
            ("nothing at a time", "parallelism = 0", .queued),
            ("too much at a time", "parallelism = 65", .queued),
            ("a key without its request", "idempotency_key = 'k'", .queued),
            ("a request without its key", "request_hash = ''::bytea", .queued),
            ("no attempts", "max_attempts = 0", .queued),
            ("no time", "timeout_seconds = 0", .queued),
        ]
        try await withStore { store in
            let waiting = try await store.queue()[0]
            let running = try await store.run().job
            for (what, change, status) in impossible {
                let id = status == .running ? running : waiting
                do {
                    try await store.database.query("UPDATE jobs SET \(change) WHERE id = \(id)")
                    Issue.record("accepted: \(what)")
                } catch let error as PostgresError {
                    #expect(error.sqlState == "23514", "\(what): \(error)")
                }
            }
            #expect(try await store.snapshot(waiting).status == .queued)
            #expect(try await store.snapshot(running).status == .running)
        }
    }

    @Test func anEndingThatIsNoEndIsRefusedAndChangesNothing() async throws {
        try await withStore { store in
            let fence = try await store.run()
            for status in [JobStatus.running, .stopping] {
                await #expect(throws: PostgresError.self) {
                    try await store.write([.outcome(fence, ending(status, "nonsense"))])
                }
            }
            #expect(try await store.kinds(fence.job) == ["queued", "running"])
        }
    }
}
