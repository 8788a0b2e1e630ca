import Foundation
import Postgres

/// Which jobs a list shows.
public struct JobFilter: Sendable {
    /// Only jobs of this type.
    public var type: String?
    /// Only jobs in one of these statuses; all when empty.
    public var statuses: [JobStatus]
    /// Labels that a job must have, all of them.
    public var labels: [UInt8]?
    /// Only jobs below this one.
    public var parentID: UUID?
    /// Only jobs whose last attempt was on this worker.
    public var worker: String?
    /// Only jobs made before this one in the list's order: the cursor.
    public var before: UUID?
    /// The most jobs of a page.
    public var limit: Int

    /// Makes a filter; without arguments it shows the newest jobs.
    public init(
        type: String? = nil, statuses: [JobStatus] = [], labels: [UInt8]? = nil, parentID: UUID? = nil,
        worker: String? = nil,
        before: UUID? = nil, limit: Int = 50
    ) {
        self.type = type
        self.statuses = statuses
        self.labels = labels
        self.parentID = parentID
        self.worker = worker
        self.before = before
        self.limit = limit
    }

    /// The conditions beyond namespace, status and cursor.
    fileprivate var conditions: Statement {
        var conditions: Statement = ""
        if let type { conditions.append(" AND type = \(type)") }
        if let labels { conditions.append(" AND labels @> \(JSONText(labels))") }
        if let parentID { conditions.append(" AND parent_id = \(parentID)") }
        if let worker { conditions.append(" AND worker = \(worker)") }
        return conditions
    }
}

extension JobStore {
    /// Reads jobs by id, each within its namespace; answers in the order of the request, nil for what is not there.
    public func jobs(_ keys: [(id: UUID, namespace: String)]) async throws -> [Job?] {
        let rows = try await database.query(
            """
            SELECT id, namespace, type, status, phase, name, priority, labels, spec, attempt, max_attempts, failures, crashes,
                timeout_seconds, created_at, due_at, started_at, finished_at, worker, progress, result, error, parent_id,
                original_job_id, trace_id, NULL::bigint AS last_event
            FROM jobs WHERE id = ANY(\(keys.map(\.id)))
            """)
        let columns = JobColumns(rows)
        var found: [UUID: Job] = [:]
        found.reserveCapacity(rows.count)
        for row in rows {
            let job = try columns.decode(row)
            found[job.id] = job
        }
        return keys.map { key in found[key.id].flatMap { $0.namespace == key.namespace ? $0 : nil } }
    }

    /// Reads one job with the number of its newest event, both as of one moment.
    public func jobWithLastEvent(_ id: UUID, namespace: String) async throws -> Job? {
        let rows = try await database.query(
            """
            SELECT id, namespace, type, status, phase, name, priority, labels, spec, attempt, max_attempts, failures, crashes,
                timeout_seconds, created_at, due_at, started_at, finished_at, worker, progress, result, error, parent_id,
                original_job_id, trace_id, (SELECT max(seq) FROM events WHERE job_id = jobs.id AND at >= jobs.created_at) AS last_event
            FROM jobs WHERE id = \(id) AND namespace = \(namespace)
            """)
        let columns = JobColumns(rows)
        return try rows.first.map(columns.decode)
    }

    /// The ids in a range, at most two: enough to see whether a short prefix is unique.
    public func ids(from first: UUID, through last: UUID, namespace: String) async throws -> [UUID] {
        try await database.query(
            "SELECT id FROM jobs WHERE id BETWEEN \(first) AND \(last) AND namespace = \(namespace) LIMIT 2"
        ).map { try $0.decode("id") }
    }

    /// Lists jobs, the newest first, without their specs and results.
    ///
    /// Each status is read from the end of its own part of the index `(namespace, status, id)` and the parts are merged, so that
    /// a page costs the same whether one status is asked for or all, and however many jobs there are. Filters by type, labels or
    /// worker are tried on each row on the way: where they match rarely, the way is long, and is given up after `timeout`.
    ///
    /// - Throws: `PostgresError` with `isOverload` when the time is over.
    public func list(
        _ filter: JobFilter, namespace: String, timeout: Duration = .seconds(5)
    ) async throws -> [Job] {
        let statuses = (filter.statuses.isEmpty ? JobStatus.allCases : filter.statuses).map(\.rawValue)
        let last =
            filter.before
            ?? UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
        let rows = try await database.pipeline([
            "SELECT set_config('statement_timeout', \(String(Int(timeout.seconds * 1000))), true)",
            """
            SELECT j.id, j.namespace, j.type, j.status, j.phase, j.name, j.priority, j.labels, NULL::jsonb AS spec, j.attempt,
                j.max_attempts, j.failures, j.crashes, j.timeout_seconds, j.created_at, j.due_at, j.started_at, j.finished_at,
                j.worker, j.progress, NULL::jsonb AS result, j.error, j.parent_id, j.original_job_id, j.trace_id,
                NULL::bigint AS last_event
            FROM unnest(\(statuses)) AS s (status), LATERAL (
                SELECT * FROM jobs
                WHERE namespace = \(namespace) AND status = s.status AND id < \(last)
                    \(filter.conditions)
                ORDER BY id DESC LIMIT \(filter.limit)
            ) j
            ORDER BY j.id DESC LIMIT \(filter.limit)
            """,
        ])[1]
        let columns = JobColumns(rows)
        return try rows.map(columns.decode)
    }
}

/// The columns of a job's row, looked up once for all rows of an answer.
private struct JobColumns {
    private let id, namespace, type, status, phase, name, priority, labels, spec, attempt, maxAttempts, failures,
        crashes: Column
    private let timeout, createdAt, dueAt, startedAt, finishedAt, worker, progress, result, error, parent,
        original: Column
    private let trace, lastEvent: Column

    init(_ rows: Rows) {
        id = rows.column("id")
        namespace = rows.column("namespace")
        type = rows.column("type")
        status = rows.column("status")
        phase = rows.column("phase")
        name = rows.column("name")
        priority = rows.column("priority")
        labels = rows.column("labels")
        spec = rows.column("spec")
        attempt = rows.column("attempt")
        maxAttempts = rows.column("max_attempts")
        failures = rows.column("failures")
        crashes = rows.column("crashes")
        timeout = rows.column("timeout_seconds")
        createdAt = rows.column("created_at")
        dueAt = rows.column("due_at")
        startedAt = rows.column("started_at")
        finishedAt = rows.column("finished_at")
        worker = rows.column("worker")
        progress = rows.column("progress")
        result = rows.column("result")
        error = rows.column("error")
        parent = rows.column("parent_id")
        original = rows.column("original_job_id")
        trace = rows.column("trace_id")
        lastEvent = rows.column("last_event")
    }

    @Sendable func decode(_ row: Row) throws -> Job {
        Job(
            id: try row.decode(id), namespace: try row.decode(namespace), type: try row.decode(type),
            status: try row.decodeStatus("status"), phase: try row.decode(phase), name: try row.decode(name),
            priority: Priority(rawValue: try row.decode(priority)) ?? .normal,
            labels: try row.decode(labels, as: JSONText.self).bytes,
            spec: try row.decode(spec, as: JSONText?.self)?.bytes,
            attempt: try row.decode(attempt), maxAttempts: try row.decode(maxAttempts),
            failures: try row.decode(failures),
            crashes: try row.decode(crashes), timeoutSeconds: try row.decode(timeout),
            createdAt: try row.decode(createdAt),
            dueAt: try row.decode(dueAt), startedAt: try row.decode(startedAt), finishedAt: try row.decode(finishedAt),
            worker: try row.decode(worker), progress: try row.decode(progress, as: JSONText?.self)?.bytes,
            result: try row.decode(result, as: JSONText?.self)?.bytes,
            error: try row.decode(error, as: JSONText?.self)?.bytes,
            parentID: try row.decode(parent), originalJobID: try row.decode(original), traceID: try row.decode(trace),
            lastEvent: try row.decode(lastEvent))
    }
}
