import Foundation
import Postgres

/// Sorts records by kind, makes one statement of each kind, and brings the answers back to the records' own order.
struct RecordBatch {
    enum Kind: CaseIterable { case heartbeat, log, operators, error, sample, progress, checkpoint, outcome }

    let records: [Record]
    private var live: [Kind: Set<Fence>] = [:]
    private var wanted: [Fence: Wanted] = [:]

    init(_ records: [Record]) { self.records = records }

    /// Whether one of the records makes an event.
    var makesEvents: Bool { records.contains(where: \.makesEvent) }

    var statements: [(kind: Kind, statement: Statement)] {
        var statements: [(Kind, Statement)] = []
        func add(_ kind: Kind, _ statement: Statement?) {
            if let statement { statements.append((kind, statement)) }
        }
        add(.heartbeat, heartbeats)
        add(.log, logs)
        add(.operators, operators)
        add(.error, errors)
        add(.sample, samples)
        add(.progress, progress)
        add(.checkpoint, checkpoints)
        add(.outcome, outcomes)
        return statements
    }

    mutating func take(_ rows: Rows, of kind: Kind) throws(PostgresError) {
        var fences: Set<Fence> = []
        for row in rows {
            let fence = Fence(job: try row.decode("id"), attempt: try row.decode("attempt"))
            fences.insert(fence)
            if kind == .heartbeat { wanted[fence] = try row.decodeWanted() }
        }
        live[kind] = fences
    }

    var answers: [RecordAnswer] {
        records.map { record in
            // Nothing to write is not asked of the database, so it must not look like a lost fence.
            if record.isEmpty { return .written }
            guard live[record.kind]?.contains(record.fence) == true else { return .superseded }
            if case .heartbeat = record, let wanted = wanted[record.fence] { return .wanted(wanted) }
            return .written
        }
    }

    static let running = Transition.finish.guardStatuses

    /// Where an end is wanted by some time, the lease ends with it: no worker holds on to the job by living on.
    private var heartbeats: Statement? {
        var fences: [Fence] = []
        var leases: [Double] = []
        for case .heartbeat(let fence, let lease) in records {
            fences.append(fence)
            leases.append(lease.seconds)
        }
        guard !fences.isEmpty else { return nil }
        return """
            UPDATE jobs j SET lease_until = least(now() + i.lease * interval '1 second',
                j.stop_deadline + \(JobStore.stopMargin.seconds) * interval '1 second')
            FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(leases)) AS i (id, attempt, lease)
            WHERE j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
            RETURNING j.id, j.attempt, j.wanted, j.stop_mode,
                extract(epoch FROM j.stop_deadline - now())::double precision AS seconds_left
            """
    }

    private var logs: Statement? {
        var fences: [Fence] = []
        var lines: [LogLine] = []
        for case .logs(let fence, let added) in records {
            fences.append(contentsOf: repeatElement(fence, count: added.count))
            lines.append(contentsOf: added)
        }
        guard !lines.isEmpty else { return nil }
        return """
            WITH i AS (
                SELECT i.* FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(lines.map(\.number)), \(lines.map(\.at)),
                    \(lines.map(\.level.rawValue)), \(lines.map(\.message)), \(lines.map(\.operatorName)),
                    \(lines.map { $0.details.map(JSONText.init(replacingNUL:)) }), \(lines.map(\.taskIndex)))
                    AS i (id, attempt, number, at, level, message, operator, details, task_index)
                JOIN jobs j ON j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
            ), added AS (
                INSERT INTO job_logs (job_id, attempt, number, at, level, message, operator, details, task_index)
                SELECT id, attempt, number, at, level, message, operator, details, task_index FROM i
                ON CONFLICT DO NOTHING
            )
            SELECT DISTINCT id, attempt FROM i
            """
    }

    /// Only the last progress of each attempt in the batch is written: each one tells all that the earlier ones told.
    private var progress: Statement? {
        var last: [Fence: (phase: String?, progress: [UInt8])] = [:]
        for case .progress(let fence, let phase, let progress) in records { last[fence] = (phase, progress) }
        guard !last.isEmpty else { return nil }
        let entries = Array(last)
        return """
            WITH moved AS (
                UPDATE jobs j SET progress = i.progress, phase = coalesce(i.phase, j.phase)
                FROM unnest(\(entries.map(\.key.job)), \(entries.map(\.key.attempt)), \(entries.map(\.value.phase)),
                    \(entries.map { JSONText(replacingNUL: $0.value.progress) })) AS i (id, attempt, phase, progress)
                WHERE j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
                RETURNING j.id, j.type, j.attempt, j.status, j.phase, j.progress
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, 'progress', status, attempt, progress || jsonb_build_object('phase', phase) FROM moved
            )
            SELECT id, attempt FROM moved
            """
    }

    /// Work that is done or has failed for good in spite of a wish counts; any other end is the one that is wanted.
    private var outcomes: Statement? {
        var fences: [Fence] = []
        var endings: [Ending] = []
        for case .outcome(let fence, let ending) in records {
            fences.append(fence)
            endings.append(ending)
        }
        guard !fences.isEmpty else { return nil }
        return """
            WITH i AS (
                SELECT * FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(endings.map(\.status.rawValue)),
                    \(endings.map { $0.result.map(JSONText.init(replacingNUL:)) }), \(endings.map { $0.error.map(JSONText.init(replacingNUL:)) }),
                    \(endings.map(\.dueIn.seconds)), \(endings.map { Int32($0.countsAsFailure ? 1 : 0) }),
                    \(endings.map { $0.progress.map(JSONText.init(replacingNUL:)) }), \(endings.map(\.phase)), \(endings.map(\.kind)),
                    \(endings.map(\.status.isTerminal)), \(endings.map { [.completed, .failed].contains($0.status) }))
                    AS i (id, attempt, status, result, error, due, failed, progress, phase, kind, terminal, decided)
            ), moved AS (
                UPDATE jobs j SET
                    status = CASE WHEN i.decided OR j.wanted IS NULL THEN i.status
                        WHEN j.wanted = 'cancel' THEN 'cancelled' ELSE 'stopped' END,
                    finished_at = CASE WHEN i.terminal OR j.wanted IS NOT NULL THEN now() END,
                    result = i.result, error = i.error, due_at = now() + i.due * interval '1 second',
                    dispatched_at = NULL, lease_until = NULL, wanted = NULL, stop_mode = NULL, stop_deadline = NULL,
                    failures = j.failures + i.failed,
                    progress = coalesce(i.progress, j.progress), phase = coalesce(i.phase, j.phase)
                FROM i
                WHERE j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
                RETURNING j.id, j.type, j.attempt, j.status, j.worker, j.started_at,
                    CASE WHEN j.status = i.status THEN i.kind ELSE j.status END AS kind, i.error, j.due_at
            ), executed AS (
                INSERT INTO executions (job_id, attempt, worker, status, started_at, error)
                SELECT id, attempt, worker, kind, started_at, error FROM moved
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, kind, status, attempt, CASE
                    WHEN status = 'scheduled' THEN jsonb_strip_nulls(jsonb_build_object('error', error, 'due_at', due_at))
                    WHEN error IS NOT NULL THEN jsonb_build_object('error', error) END
                FROM moved
            )
            SELECT id, attempt FROM moved
            """
    }
}

extension Record {
    var fence: Fence {
        switch self {
        case .heartbeat(let fence, _), .logs(let fence, _), .progress(let fence, _, _), .checkpoint(let fence, _, _, _),
            .operators(let fence, _), .errors(let fence, _), .samples(let fence, _), .outcome(let fence, _):
            fence
        }
    }

    var kind: RecordBatch.Kind {
        switch self {
        case .heartbeat: .heartbeat
        case .logs: .log
        case .operators: .operators
        case .errors: .error
        case .samples: .sample
        case .progress: .progress
        case .checkpoint: .checkpoint
        case .outcome: .outcome
        }
    }

    var makesEvent: Bool {
        switch self {
        case .heartbeat, .logs, .operators, .errors, .samples: false
        case .progress, .checkpoint, .outcome: true
        }
    }

    /// Whether there is nothing to write.
    var isEmpty: Bool {
        switch self {
        case .logs(_, let lines): lines.isEmpty
        case .operators(_, let reports): reports.isEmpty
        case .errors(_, let errors): errors.isEmpty
        case .samples(_, let samples): samples.isEmpty
        case .heartbeat, .progress, .checkpoint, .outcome: false
        }
    }
}
