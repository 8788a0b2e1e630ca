import Crypto
import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct TimePartitionTests {
    @Test func theSpanKeepsTheNumberOfPartitionsSmall() {
        #expect([1, 2, 7, 90, 365].map { TimePartitions.span(days: $0) } == [1, 1, 2, 30, 61])
        #expect(TimePartitions.span(days: nil) == 61)
    }

    @Test func oneLiesAheadAndAllIsQuietThen() async throws {
        try await withStore { store in
            let partitions = TimePartitions(store)
            let tables = try await partitions.tables()
            #expect(Set(tables).isSuperset(of: ["audit", "events", "executions", "job_logs"]))
            for table in tables {
                let first = try await partitions.maintain(table, days: 90)
                #expect(first.added.count == 1 && first.detached.isEmpty && first.strays == 0)
                #expect(try await partitions.maintain(table, days: 90) == TimePartitions.Report())
            }
            // Each one has the keys that the statements lean on.
            let keys = try await store.count(
                """
                SELECT count(*) AS n FROM pg_index i JOIN time_partitions p ON i.indrelid = p.name::regclass WHERE i.indisprimary
                """)
            #expect(keys == tables.count * 3)
        }
    }

    @Test func whatHadNoPartitionIsMovedIntoItsOwn() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            try await store.database.query(
                """
                INSERT INTO events (job_id, kind, status, attempt, at)
                VALUES (\(id), 'progress', 'running', 1, now() + interval '10 days')
                """)
            try await store.database.query(
                """
                INSERT INTO audit (namespace, key_name, address, action, object, outcome, details, at)
                VALUES ('n', 'k', '', 'a', 'o', 'done', '{}', now() + interval '10 days')
                """)
            for table in ["events", "audit"] {
                let report = try await TimePartitions(store).maintain(table, days: 90)
                #expect(report.added.count == 1 && report.strays == 0)
            }
            #expect(try await store.kinds(id) == ["queued", "progress"])
            #expect(try await store.auditLog(AuditFilter()).count == 1)
            // And what lies beyond all partitions is told.
            try await store.database.query(
                "INSERT INTO events (job_id, kind, status, attempt, at) VALUES (\(id), 'far', 'running', 1, now() + interval '99 days')"
            )
            #expect(try await TimePartitions(store).maintain("events", days: 90).strays == 1)
        }
    }

    @Test func anOldPartitionGoesWithItsRowsAndTheOthersStay() async throws {
        try await withStore { store in
            let old = try await store.run()
            _ = try await store.write([.outcome(old, ending(.completed, "completed"))])
            for (table, key) in keys { try await store.age(table, key: key) }
            let young = try await store.queue()[0]
            let partitions = TimePartitions(store)
            for (table, _) in keys { #expect(try await partitions.maintain(table, days: 96).detached.isEmpty) }
            #expect(try await store.kinds(old.job).count == 3)
            for (table, _) in keys {
                let report = try await partitions.maintain(table, days: 94)
                #expect(report.detached == ["\(table)_first"] && report.dropped == 1)
            }
            #expect(try await store.kinds(old.job).isEmpty)
            #expect(try await store.kinds(young) == ["queued"])
            #expect(try await store.executions(of: old.job, after: 0, limit: 9).isEmpty)
            #expect(
                try await store.count(
                    "SELECT count(*) AS n FROM pg_class WHERE relname = 'events_first' AND relnamespace = current_schema()::regnamespace"
                ) == 0)
        }
    }

    @Test func whatWasDetachedAndNotDroppedIsDroppedLater() async throws {
        try await withStore { store in
            try await store.age("events", key: "at")
            try await store.database.query("SELECT detach_time_partition('events', 'events_first')")
            #expect(try await TimePartitions(store).maintain("events", days: 96).dropped == 1)
        }
    }

    @Test func aReaderInTheWayCostsARoundAndNoMore() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            try await store.age("events", key: "at")
            let partitions = TimePartitions(store)
            _ = try await partitions.maintain("events", days: 200)
            try await test.database.transaction { session in
                try session.query("SELECT count(*) FROM events")
                let blocked = DispatchSemaphore(value: 0)
                Task {
                    do {
                        _ = try await partitions.maintain("events", days: 94)
                        Issue.record("the partition was detached under a reader")
                    } catch {
                        #expect((error as? PostgresError)?.isTransient == true)
                    }
                    blocked.signal()
                }
                #expect(blocked.wait(timeout: .now() + 20) == .success)
            }
            #expect(try await partitions.maintain("events", days: 94).detached == ["events_first"])
        }
    }

    private let keys = [("events", "at"), ("job_logs", "at"), ("executions", "finished_at")]
}

extension JobStore {
    /// Makes what a partitioned table holds 100 days old, in a first partition that ended 95 days ago.
    func age(_ table: String, key: String) async throws {
        try await database.withSession { session in
            try session.script(
                """
                DO $$
                DECLARE
                    past timestamptz := date_trunc('day', now(), 'UTC') - interval '95 days';
                BEGIN
                    ALTER TABLE \(table) DETACH PARTITION \(table)_first;
                    UPDATE \(table)_first SET \(key) = \(key) - interval '100 days';
                    EXECUTE format('ALTER TABLE \(table) ATTACH PARTITION \(table)_first FOR VALUES FROM (MINVALUE) TO (%L)', past);
                    PERFORM add_time_partition('\(table)', past, date_trunc('day', now(), 'UTC') + interval '1 day');
                END $$
                """)
        }
    }
}
