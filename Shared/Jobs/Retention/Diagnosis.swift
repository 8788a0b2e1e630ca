import Foundation
import Postgres

/// What the database tells about an installation's health.
public struct Diagnosis: Sendable {
    /// The server's version, such as 150008.
    public let serverVersion: Int
    /// The server's time less this process's, in seconds, when the answer came.
    public let clockDifference: TimeInterval
    /// Types with queued jobs and no live worker, and how many jobs (counted up to 10,000).
    public let orphans: [(type: String, jobs: Int)]
    /// Types that are registered.
    public let types: [String]
    /// Jobs whose lease ended more than a minute ago: nobody reaps them.
    public let unreaped: Int
    /// Jobs that have waited for a command for more than ten minutes although they are due, by type.
    public let undispatched: [(type: String, jobs: Int)]
    /// The duties that a live gateway holds.
    public let duties: [String]
    /// Dead letters that wait, counted up to 10,000.
    public let deadLetters: Int
    /// Rows without a time partition of their own, by table.
    public let strays: [(table: String, rows: Int)]
    /// Drained workers.
    public let drained: [String]
}

extension JobStore {
    /// How many of anything are counted.
    private static let counted = 10_000

    /// Looks at an installation; throws when the database does not answer or has another schema.
    public func diagnose() async throws -> Diagnosis {
        try await Migrations.check(database)
        let server = try await database.query(
            "SELECT current_setting('server_version_num')::integer AS version, clock_timestamp() AS now")[0]
        let clock = try server.decode("now", as: Date.self).timeIntervalSinceNow
        let waiting = try await database.query(
            """
            SELECT t.name, q.n AS queued, u.n AS undispatched,
                EXISTS (SELECT 1 FROM workers w WHERE w.type = t.name AND w.state IN ('active', 'draining')
                    AND w.heartbeat_at > now() - \(WorkerRecord.silentAfter.seconds) * interval '1 second') AS is_served
            FROM job_types t, LATERAL (
                SELECT count(*) AS n FROM (
                    SELECT 1 FROM jobs WHERE status = 'queued' AND dispatched_at IS NULL AND type = t.name
                    UNION ALL SELECT 1 FROM jobs WHERE status = 'queued' AND dispatched_at IS NOT NULL AND type = t.name
                    LIMIT \(Self.counted)) j
            ) q, LATERAL (
                SELECT count(*) AS n FROM (
                    SELECT 1 FROM jobs WHERE status = 'queued' AND dispatched_at IS NULL AND type = t.name
                        AND due_at < now() - interval '10 minutes' LIMIT \(Self.counted)) j
            ) u
            ORDER BY t.name
            """)
        let counts = try await database.query(
            """
            SELECT (SELECT count(*) FROM jobs WHERE lease_until < now() - interval '1 minute') AS unreaped,
                ARRAY(SELECT duty FROM leaders WHERE until > now() ORDER BY duty) AS duties,
                ARRAY(SELECT id FROM workers WHERE state = 'drained' ORDER BY id) AS drained
            """)[0]
        let strays = try await database.query(
            "SELECT DISTINCT parent, stray_rows(parent) AS n FROM time_partitions ORDER BY parent")
        var (orphans, undispatched): ([(String, Int)], [(String, Int)]) = ([], [])
        for row in waiting {
            let (type, queued) = (
                try row.decode("name", as: String.self), Int(try row.decode("queued", as: Int64.self))
            )
            let late = Int(try row.decode("undispatched", as: Int64.self))
            let isServed = try row.decode("is_served", as: Bool.self)
            if queued > 0, !isServed { orphans.append((type, queued)) }
            if late > 0, isServed { undispatched.append((type, late)) }
        }
        return Diagnosis(
            serverVersion: Int(try server.decode("version", as: Int32.self)), clockDifference: clock, orphans: orphans,
            types: try waiting.map { try $0.decode("name") },
            unreaped: Int(try counts.decode("unreaped", as: Int64.self)), undispatched: undispatched,
            duties: try counts.decode("duties"), deadLetters: try await waitingDeadLetterCount(limit: Self.counted),
            strays: try strays.map { (try $0.decode("parent"), Int(try $0.decode("n", as: Int64.self))) }
                .filter { $0.1 > 0 },
            drained: try counts.decode("drained"))
    }
}
