import Foundation
import Postgres

/// Tables whose rows go away by the age of their partition: events, log lines, executions and the audit log.
///
/// A partition is a third of the retention long, at least a day: about six of each table, whatever the retention, because every
/// reader of a cached plan locks all of them. One lies ahead; the default partition catches what has none, and is watched.
///
/// Order of effects, each step in a short transaction of its own with a bound on its wait for locks; one that does not get its lock
/// is tried again at the next round, and a crash between two steps leaves nothing that the next round does not find:
/// 1. Add the next partition. Takes no lock on the table that writers or readers mind, only the empty default partition's.
/// 2. Detach an old one. Needs the whole table for a moment: DETACH CONCURRENTLY cannot be used beside a default partition.
/// 3. Drop what is detached, which nobody else locks: freeing many gigabytes takes a while.
///
/// History goes by its own age: a job that ran for longer than the retention has lost the start of its history when it ends.
public struct TimePartitions: Sendable {
    /// The log of operators' actions, which has a retention of its own. All other tables hold jobs' history.
    public static let audit = "audit"

    /// What a round did and found.
    public struct Report: Sendable, Equatable {
        /// The partitions that were made.
        public var added: [String] = []
        /// The partitions that were taken out of their table.
        public var detached: [String] = []
        /// How many tables were dropped.
        public var dropped = 0
        /// How many rows have no partition of their own; counted up to 1,000.
        public var strays = 0
    }

    /// How long a step may wait for its locks; writers that come later wait behind it.
    private static let lockTimeout = "300ms"
    /// Where nothing is ever dropped, longer partitions keep their number small.
    private static let longest = 61

    private let store: JobStore

    /// Makes the duty over a store.
    public init(_ store: JobStore) { self.store = store }

    /// The tables that have time partitions.
    public func tables() async throws -> [String] {
        try await store.database.query("SELECT DISTINCT parent FROM time_partitions ORDER BY parent").map {
            try $0.decode("parent")
        }
    }

    /// Adds what is missing ahead and drops what is older than `days`; nil keeps all.
    ///
    /// - Throws: `PostgresError` with `isTransient` when a lock was not to be had in time.
    public func maintain(_ table: String, days: Int?) async throws -> Report {
        var report = Report()
        if let name = try await addNext(to: table, days: days) { report.added.append(name) }
        if let days { report.detached = try await detach(from: table, olderThan: days) }
        report.dropped = Int(
            try await change("SELECT drop_detached_partitions(\(table)) AS answer").decode("answer", as: Int32.self))
        report.strays = Int(
            try await change("SELECT stray_rows(\(table)) AS answer").decode("answer", as: Int64.self))
        return report
    }

    /// How many days a partition spans.
    static func span(days: Int?) -> Int { days.map { min(longest, max(1, $0 / 3)) } ?? longest }

    private func addNext(to table: String, days: Int?) async throws -> String? {
        let span = Double(Self.span(days: days))
        let rows = try await store.database.query(
            """
            SELECT p.ends AS starts, greatest(p.ends, date_trunc('day', now(), 'UTC')) + \(span) * interval '1 day' AS ends
            FROM (SELECT max(ends) AS ends FROM time_partitions WHERE parent = \(table)) p
            WHERE p.ends < now() + \(span) * interval '1 day'
            """)
        guard let row = rows.first else { return nil }
        let (starts, ends) = (try row.decode("starts", as: Date.self), try row.decode("ends", as: Date.self))
        return try await change("SELECT add_time_partition(\(table), \(starts), \(ends)) AS answer").decode("answer")
    }

    private func detach(from table: String, olderThan days: Int) async throws -> [String] {
        let names = try await store.database.query(
            """
            SELECT name FROM time_partitions
            WHERE parent = \(table) AND ends < now() - \(Double(days)) * interval '1 day' ORDER BY ends
            """
        ).map { try $0.decode("name", as: String.self) }
        for name in names { _ = try await change("SELECT detach_time_partition(\(table), \(name))") }
        return names
    }

    private func change(_ statement: Statement) async throws -> Row {
        try await store.database.pipeline([
            "SELECT set_config('lock_timeout', \(Self.lockTimeout), true)", statement,
        ])[1][0]
    }
}
