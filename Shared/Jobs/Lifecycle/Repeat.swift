import Foundation
import Postgres

/// How a job that has ended is done once more.
public enum Repetition: Sendable, CaseIterable {
    /// Goes on from the last checkpoint; only what did not succeed.
    case retry
    /// Starts anew, whatever came out.
    case rerun

    /// The statuses of jobs that may be repeated so.
    public var sources: [JobStatus] {
        switch self {
        case .retry: [.failed, .cancelled, .stopped]
        case .rerun: [.completed, .failed, .cancelled, .stopped]
        }
    }
}

/// What a request to repeat a job led to.
public enum RepeatOutcome: Sendable {
    /// The new job's row and first event are committed, and the last checkpoint is its own for a retry.
    case created(UUID)
    /// This job already stands for it: a job is retried once, and a key names one request.
    case existing(UUID)
    /// The key was used before, for another request.
    case conflict(UUID)
    /// The job's status does not allow it.
    case refused(JobStatus)
    /// There is no such job in this namespace.
    case unknown
}

extension JobStore {
    /// Makes a new job from one that has ended, due at once; safe to call twice and from several gateways.
    ///
    /// - Parameters:
    ///   - id: the job that has ended.
    ///   - newID: the id of the job that is made.
    ///   - idempotency: the client's key and the hash of its request.
    public func `repeat`(
        _ id: UUID, namespace: String, as newID: UUID, _ repetition: Repetition,
        idempotency: (key: String, requestHash: [UInt8])? = nil
    ) async throws -> RepeatOutcome {
        let isRetry = repetition == .retry
        let key = idempotency?.key
        let rows = try await commit([
            """
            WITH source AS (
                SELECT * FROM jobs
                WHERE id = \(id) AND namespace = \(namespace) AND status = ANY(\(repetition.sources.map(\.rawValue)))
            ), inserted AS (
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, name, labels,
                    spec, parent_id, trace_id, original_job_id, retry_of, idempotency_key, request_hash)
                SELECT \(newID), namespace, type, 'queued', priority, max_attempts, timeout_seconds, now(), name, labels,
                    spec, parent_id, trace_id, coalesce(original_job_id, id), CASE WHEN \(isRetry) THEN id END,
                    \(key as String?), \(idempotency?.requestHash as [UInt8]?)
                FROM source
                ON CONFLICT DO NOTHING
                RETURNING id, original_job_id
            ), resumed AS (
                INSERT INTO checkpoints (job_id, epoch, attempt, state)
                SELECT i.id, c.epoch, 0, c.state FROM inserted i, LATERAL (
                    SELECT epoch, state FROM checkpoints WHERE job_id = \(id) ORDER BY epoch DESC LIMIT 1
                ) c
                WHERE \(isRetry)
                RETURNING job_id, epoch
            ), entered AS (
                INSERT INTO checkpoint_entries (job_id, epoch, number, entry)
                SELECT r.job_id, e.epoch, e.number, e.entry
                FROM resumed r JOIN checkpoint_entries e ON e.job_id = \(id) AND e.epoch <= r.epoch
            ), announced AS (
                INSERT INTO events (job_id, kind, status, attempt, data)
                SELECT id, 'queued', 'queued', 0, jsonb_build_object('original_job_id', original_job_id, 'repeats', \(id)) FROM inserted
            )
            SELECT id FROM inserted
            """,
            """
            SELECT j.status, r.id AS retry, k.id AS keyed, k.request_hash
            FROM jobs j
                LEFT JOIN jobs r ON \(isRetry) AND r.retry_of = j.id
                LEFT JOIN jobs k ON k.namespace = j.namespace AND k.idempotency_key = \(key as String?)
            WHERE j.id = \(id) AND j.namespace = \(namespace)
            """,
        ])
        guard rows[0].isEmpty else { return .created(newID) }
        guard let row = rows[1].first else { return .unknown }
        if let keyed = try row.decode("keyed", as: UUID?.self) {
            let hash = try row.decode("request_hash", as: [UInt8]?.self)
            return hash == idempotency?.requestHash ? .existing(keyed) : .conflict(keyed)
        }
        if let retry = try row.decode("retry", as: UUID?.self) { return .existing(retry) }
        return .refused(try row.decodeStatus("status"))
    }
}
