import Foundation
import Postgres

/// What a request to drain or resume a worker led to.
public enum WorkerRequestOutcome: Sendable {
    /// It is written down; the worker learns it at once over the control exchange, or with its next heartbeat.
    case asked(WorkerRecord)
    /// The worker has ended or is silent.
    case gone(WorkerRecord)
    /// There is no such worker.
    case unknown
}

extension JobStore {
    /// Writes a worker's heartbeat, and answers what an operator wants of it: `active` or `drained`.
    ///
    /// One small statement every few seconds for each worker, whatever number of jobs it runs.
    public func beat(_ worker: WorkerRecord) async throws -> WorkerState {
        let rows = try await database.query(
            """
            INSERT INTO workers AS w (id, type, build, type_version, schema_version, host, pid, slots, running, state)
            VALUES (\(worker.id), \(worker.type), \(worker.build), \(Int32(worker.typeVersion)), \(Int32(worker.schemaVersion)),
                \(worker.host), \(worker.pid), \(Int32(worker.slots)), \(Int32(worker.running)), \(worker.state.rawValue))
            ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), running = excluded.running, state = excluded.state
            RETURNING wanted
            """)
        return try rows.first.flatMap { WorkerState(rawValue: try $0.decode("wanted")) } ?? .active
    }

    /// Lists workers by id, after `id`.
    public func workers(
        type: String? = nil, state: WorkerState? = nil, after id: String = "", limit: Int
    ) async throws -> [WorkerRecord] {
        var statement: Statement = "SELECT * FROM (\(Self.workers)) w WHERE id > \(id)"
        if let type { statement.append(" AND type = \(type)") }
        if let state { statement.append(" AND state = \(state.rawValue)") }
        statement.append(" ORDER BY id LIMIT \(limit)")
        return try await database.query(statement).map(WorkerRecord.init(row:))
    }

    /// One worker.
    public func worker(_ id: String) async throws -> WorkerRecord? {
        try await database.query("SELECT * FROM (\(Self.workers)) w WHERE id = \(id)").first.map(
            WorkerRecord.init(row:))
    }

    /// The jobs that a worker runs, the oldest first. Reads the index of leases, which holds running jobs only.
    public func currentJobs(of worker: String, limit: Int) async throws -> [CurrentJob] {
        try await database.query(
            """
            SELECT id, namespace, status, attempt, started_at, lease_until FROM jobs
            WHERE lease_until IS NOT NULL AND worker = \(worker) ORDER BY started_at, id LIMIT \(limit)
            """
        ).map { row in
            CurrentJob(
                id: try row.decode("id"), namespace: try row.decode("namespace"),
                status: try row.decodeStatus("status"),
                attempt: try row.decode("attempt"), startedAt: try row.decode("started_at"),
                leaseUntil: try row.decode("lease_until"))
        }
    }

    /// Writes down what an operator wants of a worker, with the entry for the audit log. Asking again changes nothing.
    ///
    /// - Parameter wanted: `active` or `drained`.
    public func ask(_ worker: String, toBe wanted: WorkerState, entry: AuditEntry) async throws -> WorkerRequestOutcome
    {
        try await database.transaction { session in
            let rows = try session.query("SELECT * FROM (\(Self.workers)) w WHERE id = \(worker)")
            guard let row = rows.first else { return .unknown }
            let record = try WorkerRecord(row: row)
            guard record.state != .gone else { return .gone(record) }
            try session.query("UPDATE workers SET wanted = \(wanted.rawValue) WHERE id = \(worker)")
            try session.query(entry.statement)
            return .asked(record)
        }
    }

    /// Records that a worker's process ends in good order.
    public func end(worker id: String) async throws {
        _ = try await database.query(
            "UPDATE workers SET state = 'gone', running = 0, heartbeat_at = now() WHERE id = \(id)")
    }

    /// Forgets workers that have been gone for this long; answers how many.
    public func forgetWorkers(after time: Duration) async throws -> Int {
        try await database.query(
            "DELETE FROM workers WHERE heartbeat_at < now() - \(time.seconds) * interval '1 second' RETURNING id"
        ).count
    }

    /// How many workers there are in each state.
    public func workerCounts() async throws -> [WorkerState: Int] {
        var counts = Dictionary(uniqueKeysWithValues: WorkerState.allCases.map { ($0, 0) })
        for row in try await database.query("SELECT state, count(*) AS n FROM (\(Self.workers)) w GROUP BY state") {
            guard let state = WorkerState(rawValue: try row.decode("state")) else { continue }
            counts[state] = Int(try row.decode("n", as: Int64.self))
        }
        return counts
    }

    /// The registry with the silent ones counted as gone.
    private static var workers: Statement {
        """
        SELECT id, type, build, type_version, schema_version, host, pid, slots,
            CASE WHEN heartbeat_at < now() - \(WorkerRecord.silentAfter.seconds) * interval '1 second' THEN 'gone' ELSE state END
                AS state, running, started_at, heartbeat_at
        FROM workers
        """
    }
}
