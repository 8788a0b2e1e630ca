import Concurrency
import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

/// What leaves the database, and when it may.
@Suite struct RelayTests {
    /// Runs a transaction that adds a job and its event, holds it open around `body`, and lets it commit after it.
    private func withOpenSubmission(_ test: TestDatabase, _ body: (UUID) async throws -> Void) async throws {
        let id = UUIDv7.generate()
        let isOpen = Wakeup()
        let mayEnd = DispatchSemaphore(value: 0)
        let pool = test.pool(size: 1)
        let transaction = Task {
            try await pool.transaction { session in
                try session.query(
                    """
                    WITH inserted AS (
                        INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, labels, spec)
                        VALUES (\(id), 'default', 'probe', 'queued', 1, 1, 1, now(), '{}', '{}') RETURNING id, status
                    )
                    INSERT INTO events (job_id, kind, status, attempt) SELECT id, status, status, 0 FROM inserted
                    """)
                isOpen.signal()
                mayEnd.wait()
            }
        }
        await isOpen.wait(upTo: .seconds(20))
        do { try await body(id) } catch {
            mayEnd.signal()
            throw error
        }
        mayEnd.signal()
        try await transaction.value
        await pool.close()
    }

    @Test func whatCommitsLateIsWaitedFor() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            var horizon: Horizon?
            var late: UUID?
            var early: [UUID] = []
            try await withOpenSubmission(test) { id in
                late = id
                // Newest of all transactions, so that no snapshot's end lies behind it: still it is waited for.
                let first = try await store.horizon()
                #expect(try await !store.isFinal(first))
                early = try await store.queue(3)
                let second = try await store.horizon()
                #expect(second.last == first.last + 3)
                #expect(try await !store.isFinal(first))
                #expect(try await !store.isFinal(second))
                // What a reader without the horizon would take for the whole.
                #expect(try await store.outgoing(after: 0, through: second.last).map(\.job) == early)
                horizon = second
            }
            let settled = try #require(horizon)
            try await eventually("the horizon to be final") { try await store.isFinal(settled) }
            let events = try await store.outgoing(after: 0, through: settled.last)
            #expect(events.map(\.job) == [try #require(late)] + early)
            #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
        }
    }

    /// Nothing that inserts events may take a number before its transaction has its id: the horizon rests on it.
    @Test func everyStatementHasItsTransactionIdBeforeItsNumbers() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            try await test.database.withSession { session in
                try session.script(
                    """
                    CREATE TABLE taken (kind text PRIMARY KEY);
                    CREATE FUNCTION check_id() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF pg_current_xact_id_if_assigned() IS NULL THEN RAISE 'a number was taken too early'; END IF;
                        IF NEW.type IS NULL THEN RAISE 'an event without its type'; END IF;
                        INSERT INTO taken VALUES (NEW.kind) ON CONFLICT DO NOTHING;
                        RETURN NEW;
                    END $$;
                    CREATE TRIGGER check_id BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION check_id();
                    """)
            }
            // Each several times over, as PostgreSQL logs, and so gives an id for, only every 32nd number.
            for _ in 0..<3 {
                let fence = try await store.run()
                _ = try await store.write([.progress(fence, phase: nil, progress: Array("{}".utf8))])
                _ = try await store.write([.checkpoint(fence, epoch: 1, state: Array("{}".utf8))])
                _ = try await store.write([.outcome(fence, ending(.failed, "failed"))])
                _ = try await store.repeat(RepeatSource(fence.job, as: UUIDv7.generate()), namespace: "default", .retry)
                let scheduled = submission(at: Date(timeIntervalSinceNow: -1))
                _ = try await store.submit(allOrNone: [(scheduled, .zero)])
                _ = try await store.release()
                _ = try await store.cancel(scheduled.id, namespace: "default", reason: nil)
                _ = try await store.stop(try await store.run().job, namespace: "default", .force)
                _ = try await store.refuse(try await store.queue()[0], code: "x", message: "y")
                _ = try await store.run(worker: "lost")
                try await store.expireLeases()
                _ = try await store.reap()
            }
            let kinds = try await test.database.query("SELECT kind FROM taken").map {
                try $0.decode("kind", as: String.self)
            }
            #expect(
                Set(kinds) == [
                    "queued", "scheduled", "running", "progress", "checkpoint", "failed", "cancelled", "stopped",
                    "lease_expired",
                ])
        }
    }

    @Test func eachKeysFirstEventIsFound() async throws {
        try await withStore { store in
            _ = try await store.queue(2)
            let fence = try await store.run()
            _ = try await store.queue(1, type: "other")
            _ = try await store.write([.progress(fence, phase: nil, progress: Array("{}".utf8))])
            let last = try await store.horizon().last
            let first = try await store.firstOutgoing(after: 0, through: last)
            #expect(
                first.map { "\($0.type) \($0.word)" } == [
                    "probe queued", "probe running", "other queued", "probe progress",
                ])
            #expect(try await store.firstOutgoing(after: last, through: last + 10).isEmpty)
            try await store.database.query("UPDATE events SET type = NULL")
            #expect(try await store.firstOutgoing(after: 0, through: last).map(\.sequence) == first.map(\.sequence))
            let body = try JSON.parse(try #require(first.last).body)
            #expect(body["type"] == "job.progress" && body["data"]?["job_id"]?.stringValue == fence.job.text)
            #expect(body["data"]?["status"] == "running" && body["data"]?["attempt"] == 1)
            #expect(body["timestamp"]?.stringValue.flatMap { Date(rfc3339: $0) } != nil)
            let schema = try JSONSchema(OutgoingEvent.schema)
            for event in first { #expect(schema.validate(try JSON.parse(event.body)).isEmpty) }
        }
    }

    @Test func aKeysFirstEventIsOneWhoseJobIsThere() async throws {
        try await withStore { store in
            let ids = try await store.queue(3)
            _ = try await store.queue(1, type: "other")
            try await store.database.query("DELETE FROM jobs WHERE id = \(ids[0])")
            let first = try await store.firstOutgoing(after: 0, through: try await store.horizon().last)
            #expect(first.map(\.type) == ["probe", "other"])
            #expect(first.first?.job == ids[1])
        }
    }

    @Test func ofTwoRelaysOneMovesTheCursor() async throws {
        try await withStore { store in
            _ = try await store.queue(5)
            _ = try await store.addWebhook()
            let start = try await store.position(of: .webhooks)
            let last = try await store.horizon().last
            let results = try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<4 { group.addTask { try await store.fanOut(after: start, through: last) } }
                return try await group.reduce(into: [Int?]()) { $0.append($1) }
            }
            #expect(results.compactMap(\.self) == [5], "each event becomes one row")
            #expect(try await store.position(of: .webhooks) == last)
            #expect(try await store.move(.amqp, from: try await store.position(of: .amqp), to: last))
            #expect(try await !store.move(.amqp, from: start - 1, to: last))
        }
    }

    @Test func nothingIsReadWhileNobodySubscribes() async throws {
        try await withStore { store in
            _ = try await store.queue()
            let (start, last) = (try await store.position(of: .webhooks), try await store.horizon().last)
            let webhook = try await store.addWebhook()
            #expect(try await !store.passOver(after: start, through: last))
            _ = try await store.change(
                webhook.id, namespace: "default", url: nil, description: nil, types: nil, events: nil, labels: nil,
                status: .disabled)
            #expect(try await store.passOver(after: start, through: last))
            #expect(try await store.position(of: .webhooks) == last)
        }
    }
}

extension JobStore {
    func addWebhook(
        namespace: String = "default", types: [String] = [], events: [String] = Webhook.defaultEvents,
        labels: JSON = [:]
    ) async throws -> Webhook {
        let webhook = Webhook(
            id: UUIDv7.generate(), namespace: namespace, url: "http://example.com/", description: "", types: types,
            events: events, labels: labels)
        return try #require(try await add(webhook, secret: [1, 2, 3], limit: 10))
    }
}
