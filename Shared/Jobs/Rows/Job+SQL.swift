import Foundation
import Postgres

extension JobStore {
    /// What every reading of a job `j` has; `spec`, `result` and `last_event` go beside it, or a null in their place.
    static let jobColumns: StaticString = """
        j.id, j.namespace, j.type, j.status, j.phase, j.name, j.priority, j.labels, j.attempt, j.max_attempts, j.failures,
        j.crashes, j.timeout_seconds, j.created_at, j.due_at, j.started_at, j.finished_at, j.worker, j.progress, j.error,
        j.wanted, j.stop_mode, j.stop_deadline, j.parallelism, j.parent_id, j.original_job_id, j.trace_id
        """

    /// Reads jobs by id, each within its namespace; answers in the order of the request, nil for what is not there.
    public func jobs(_ keys: [(id: UUID, namespace: String)]) async throws -> [Job?] {
        let rows = try await database.query(
            """
            SELECT \(raw: Self.jobColumns), j.spec, j.result, NULL::bigint AS last_event FROM jobs j
            WHERE j.id = ANY(\(keys.map(\.id)))
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
            SELECT \(raw: Self.jobColumns), j.spec, j.result,
                (SELECT max(seq) FROM events WHERE job_id = j.id AND at >= j.created_at) AS last_event
            FROM jobs j WHERE j.id = \(id) AND j.namespace = \(namespace)
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
}

/// The columns of a job's row, looked up once for all rows of an answer.
struct JobColumns {
    private let id, namespace, type, status, phase, name, priority, labels, spec, attempt, maxAttempts, failures,
        crashes: Column
    private let timeout, createdAt, dueAt, startedAt, finishedAt, worker, progress, result, error, parent,
        original: Column
    private let trace, lastEvent, wanted, stopMode, stopDeadline, parallelism: Column

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
        wanted = rows.column("wanted")
        stopMode = rows.column("stop_mode")
        stopDeadline = rows.column("stop_deadline")
        parallelism = rows.column("parallelism")
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
            wanted: Wish(wanted: try row.decode(wanted), mode: try row.decode(stopMode)),
            stopDeadline: try row.decode(stopDeadline), parallelism: try row.decode(parallelism),
            parentID: try row.decode(parent), originalJobID: try row.decode(original), traceID: try row.decode(trace),
            lastEvent: try row.decode(lastEvent))
    }
}
