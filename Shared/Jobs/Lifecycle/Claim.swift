import Foundation
import Postgres

/// A job that this worker owns for one attempt.
public struct Claim: Sendable {
    /// The job's id.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// The number of this attempt: the fence that every write names.
    public let attempt: Int32
    /// The input, a JSON object whose secrets are sealed.
    public let spec: [UInt8]
    /// How many attempts have failed before.
    public let failures: Int
    /// How many workers have died on it.
    public let crashes: Int
    /// How many attempts may fail before the job fails.
    public let maxAttempts: Int
    /// How long one attempt may run.
    public let timeoutSeconds: Int
    /// How much it may do at a time, in the units of its type; nil for the worker's own measure.
    public let parallelism: Int?
    /// The client's trace id.
    public let traceID: String?
    /// The newest checkpoint of the earlier attempts, or of the job that this one goes on from.
    public let checkpoint: (epoch: Int32, state: [UInt8])?
}

extension Claim {
    fileprivate init(row: Row) throws {
        let epoch = try row.decode("epoch", as: Int32?.self)
        let state = try row.decode("state", as: JSONText?.self)
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), attempt: try row.decode("attempt"),
            spec: try row.decode("spec", as: JSONText.self).bytes,
            failures: Int(try row.decode("failures", as: Int32.self)),
            crashes: Int(try row.decode("crashes", as: Int32.self)),
            maxAttempts: Int(try row.decode("max_attempts", as: Int32.self)),
            timeoutSeconds: Int(try row.decode("timeout_seconds", as: Int32.self)),
            parallelism: try row.decode("parallelism", as: Int32?.self).map(Int.init),
            traceID: try row.decode("trace_id"),
            checkpoint: epoch.flatMap { epoch in state.map { (epoch, $0.bytes) } })
    }
}

extension JobStore {
    /// Claims the queued ones of these jobs for a worker, in one guarded update with their events.
    ///
    /// A job that is not queued is left out: its command is stale. So is one of another type: its command came to the wrong queue.
    /// So is one whose time to live is over; see `expire`.
    public func claim(_ ids: [UUID], type: String, worker: String, lease: Duration) async throws -> [Claim] {
        let rows = try await commit([
            """
            WITH moved AS (
                UPDATE jobs j SET status = 'running', attempt = j.attempt + 1, worker = \(worker), started_at = now(),
                    lease_until = now() + \(lease.seconds) * interval '1 second', dispatched_at = coalesce(dispatched_at, now()),
                    progress = NULL, error = NULL
                WHERE j.id = ANY(\(ids)) AND j.type = \(type) AND j.status = ANY(\(Transition.claim.guardStatuses))
                    AND (j.expires_at IS NULL OR j.attempt > 0 OR j.expires_at > now())
                RETURNING j.id, j.namespace, j.attempt, j.spec, j.failures, j.crashes, j.max_attempts, j.timeout_seconds,
                    j.parallelism, j.trace_id, j.original_job_id
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, \(type), 'running', 'running', attempt, jsonb_build_object('worker', \(worker)::text) FROM moved
            )
            SELECT m.*, c.epoch, c.state
            FROM moved m LEFT JOIN LATERAL (
                SELECT epoch, state FROM checkpoints
                WHERE (m.attempt > 1 OR m.original_job_id IS NOT NULL) AND job_id = m.id ORDER BY epoch DESC LIMIT 1
            ) c ON true
            """
        ])[0]
        return try rows.map(Claim.init(row:))
    }

    /// The jobs among these that this worker owns: claims whose answer was lost on the way.
    public func claims(of worker: String, among ids: [UUID]) async throws -> [Claim] {
        try await database.query(
            """
            SELECT m.id, m.namespace, m.attempt, m.spec, m.failures, m.crashes, m.max_attempts, m.timeout_seconds, m.parallelism,
                m.trace_id, c.epoch, c.state
            FROM jobs m LEFT JOIN LATERAL (
                SELECT epoch, state FROM checkpoints
                WHERE (m.attempt > 1 OR m.original_job_id IS NOT NULL) AND job_id = m.id ORDER BY epoch DESC LIMIT 1
            ) c ON true
            WHERE m.id = ANY(\(ids)) AND m.status = 'running' AND m.worker = \(worker)
            """
        ).map(Claim.init(row:))
    }

    /// Which of these ids name a job at all; the others come from a stranger's command.
    public func known(_ ids: [UUID]) async throws -> Set<UUID> {
        Set(
            try await database.query("SELECT id FROM jobs WHERE id = ANY(\(ids))").map {
                try $0.decode("id", as: UUID.self)
            })
    }
}
