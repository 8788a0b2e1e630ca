import Foundation
import JSON
import Postgres

/// How a job is done once more.
public enum Repetition: Sendable, Hashable {
    /// Goes on from the last checkpoint; only what did not succeed.
    case retry
    /// Starts anew, whatever came out.
    case rerun
    /// Goes on from this checkpoint, or from the last one, also where it succeeded; a job that runs is stopped by force first.
    case restart(checkpoint: Int32?, parallelism: Int?)

    /// The statuses of jobs that may be repeated so.
    public var sources: [JobStatus] {
        switch self {
        case .retry: [.failed, .cancelled, .stopped]
        case .rerun, .restart: [.completed, .failed, .cancelled, .stopped]
        }
    }

    fileprivate var isRetry: Bool { self == .retry }
    fileprivate var resumes: Bool { self != .rerun }

    fileprivate var epoch: Int32? {
        if case .restart(let checkpoint, _) = self { checkpoint } else { nil }
    }

    fileprivate var parallelism: Int32? {
        if case .restart(_, let parallelism) = self { parallelism.map(Int32.init) } else { nil }
    }

    private var isRestart: Bool {
        if case .restart = self { true } else { false }
    }

    /// Whether the job `j` has the checkpoint that is named. A scalar, because the planner would read every job's checkpoints of this
    /// number for an EXISTS.
    fileprivate var hasCheckpoint: Statement {
        """
        (\(epoch as Int32?)::integer IS NULL
            OR (SELECT c.epoch FROM checkpoints c WHERE c.job_id = j.id AND c.epoch = \(epoch as Int32?)) IS NOT NULL)
        """
    }

    /// Ends what runs of this job, for a restart that can take place.
    ///
    /// The row is locked before the statement looks, so that the checkpoint that it finds is still there when it is copied.
    fileprivate func preparation(_ source: RepeatSource, namespace: String) -> [Statement] {
        guard isRestart else { return [] }
        return [
            JobStore.lock(source.id, namespace: namespace),
            JobStore.stop(
                [source.id], namespace: namespace, .force, timeout: nil, reason: "restart",
                if: """
                    AND j.status = ANY(\(Transition.finish.guardStatuses))
                    AND \(hasCheckpoint)
                    AND NOT EXISTS (SELECT 1 FROM jobs k WHERE k.namespace = \(namespace)
                        AND k.idempotency_key = \(source.idempotency?.key as String?))
                    """),
        ]
    }
}

/// A job that is to be done once more.
public struct RepeatSource: Sendable {
    /// The job.
    public let id: UUID
    /// The id of the job that is made.
    public let newID: UUID
    /// The client's key and the hash of its request.
    public let idempotency: (key: String, requestHash: [UInt8])?

    /// Names a job and its successor.
    public init(_ id: UUID, as newID: UUID, idempotency: (key: String, requestHash: [UInt8])? = nil) {
        self.id = id
        self.newID = newID
        self.idempotency = idempotency
    }
}

/// What a request to repeat a job led to.
public enum RepeatOutcome: Sendable, Hashable {
    /// The new job's row and first event are committed, and the checkpoint that it goes on from is its own.
    case created(UUID)
    /// This job already stands for it: a job is retried once, and a key names one request.
    case existing(UUID)
    /// The key was used before, for another request.
    case conflict(UUID)
    /// The job's status does not allow it.
    case refused(JobStatus)
    /// The job has no such checkpoint.
    case unknownCheckpoint
    /// There is no such job in this namespace.
    case unknown
}

extension JobStore {
    /// Makes a new job from one that has ended, due at once; safe to call twice and from several gateways.
    ///
    /// A restart of a job that runs ends it in the same transaction; whoever runs it is to be told afterwards (`Wish.force`).
    public func `repeat`(
        _ source: RepeatSource, namespace: String, _ repetition: Repetition, reason: String? = nil
    ) async throws -> RepeatOutcome {
        let all = try await commit(
            repetition.preparation(source, namespace: namespace) + [
                Self.repetition([source], namespace: namespace, repetition, reason: reason),
                """
                SELECT j.status, r.id AS retry, k.id AS keyed, k.request_hash, \(repetition.hasCheckpoint) AS has_checkpoint
                FROM jobs j
                    LEFT JOIN jobs r ON \(repetition.isRetry) AND r.retry_of = j.id
                    LEFT JOIN jobs k ON k.namespace = j.namespace AND k.idempotency_key = \(source.idempotency?.key as String?)
                WHERE j.id = \(source.id) AND j.namespace = \(namespace)
                """,
            ])
        let rows = Array(all.suffix(2))
        guard rows[0].isEmpty else { return .created(source.newID) }
        guard let row = rows[1].first else { return .unknown }
        if let keyed = try row.decode("keyed", as: UUID?.self) {
            let hash = try row.decode("request_hash", as: [UInt8]?.self)
            return hash == source.idempotency?.requestHash ? .existing(keyed) : .conflict(keyed)
        }
        if let retry = try row.decode("retry", as: UUID?.self) { return .existing(retry) }
        guard try row.decode("has_checkpoint", as: Bool.self) else { return .unknownCheckpoint }
        return .refused(try row.decodeStatus("status"))
    }

    /// Makes new jobs from those among these that allow it and were not repeated so before; answers the new ones.
    public func `repeat`(
        _ sources: [RepeatSource], namespace: String, _ repetition: Repetition, reason: String? = nil
    ) async throws -> Set<UUID> {
        let rows = try await commit([Self.repetition(sources, namespace: namespace, repetition, reason: reason)])[0]
        return Set(try rows.map { try $0.decode("id", as: UUID.self) })
    }

    /// Gives new jobs the checkpoint that they go on from, the newest where none is named, with the finished work that belongs to it:
    /// two CTEs, of which `resumed` has the job and the epoch.
    ///
    /// - Parameter jobs: an earlier CTE, with each new job's `id` and the job that it `resumes`, or null.
    static func carryingOver(from jobs: StaticString, epoch: Int32? = nil) -> Statement {
        """
        resumed AS (
            INSERT INTO checkpoints (job_id, epoch, attempt, state)
            SELECT n.id, c.epoch, 0, c.state FROM \(raw: jobs) n, LATERAL (
                SELECT epoch, state FROM checkpoints
                WHERE job_id = n.resumes AND epoch = coalesce(\(epoch as Int32?), epoch)
                ORDER BY epoch DESC LIMIT 1
            ) c
            RETURNING job_id, epoch
        ), entered AS (
            INSERT INTO checkpoint_entries (job_id, epoch, number, entry)
            SELECT r.job_id, e.epoch, e.number, e.entry
            FROM resumed r JOIN \(raw: jobs) n ON n.id = r.job_id
                JOIN checkpoint_entries e ON e.job_id = n.resumes AND e.epoch <= r.epoch
        )
        """
    }

    /// The statement of every repetition.
    ///
    /// Sources are taken in the order of their ids, so that two requests for the same ones do not wait for each other in two orders.
    /// They are found by their ids alone, see `stop`.
    private static func repetition(
        _ sources: [RepeatSource], namespace: String, _ repetition: Repetition, reason: String?
    ) -> Statement {
        let because = JSON.object(reason.map { ["reason": .string($0)] } ?? [:]).serialized()
        return """
            WITH asked AS (
                SELECT * FROM unnest(\(sources.map(\.id)), \(sources.map(\.newID)), \(sources.map { $0.idempotency?.key }),
                    \(sources.map { $0.idempotency?.requestHash })) AS a (source_id, new_id, key, hash)
            ), inserted AS (
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, name, labels,
                    spec, parallelism, parent_id, trace_id, original_job_id, retry_of, resumes, idempotency_key, request_hash,
                    concurrency_key)
                SELECT a.new_id, j.namespace, j.type, 'queued', j.priority, j.max_attempts, j.timeout_seconds, now(), j.name,
                    j.labels, j.spec, coalesce(\(repetition.parallelism as Int32?), j.parallelism), j.parent_id, j.trace_id,
                    coalesce(j.original_job_id, j.id), CASE WHEN \(repetition.isRetry) THEN j.id END,
                    CASE WHEN \(repetition.resumes) THEN j.id END, a.key, a.hash, j.concurrency_key
                FROM asked a JOIN jobs j ON j.id = a.source_id
                WHERE j.id = ANY(\(sources.map(\.id))) AND j.namespace IS NOT DISTINCT FROM \(namespace)
                    AND j.status = ANY(\(repetition.sources.map(\.rawValue)))
                    -- One that never came to its turn would start without what it was to wait for; its workflow can be retried.
                    AND j.due_at IS NOT NULL
                    AND \(repetition.hasCheckpoint)
                ORDER BY j.id
                ON CONFLICT DO NOTHING
                RETURNING id, type, namespace, labels, original_job_id, resumes
            ), labelled AS (
                \(raw: labelling)
            ), \(carryingOver(from: "inserted", epoch: repetition.epoch)), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT i.id, i.type, 'queued', 'queued', 0, \(JSONText(replacingNUL: because)) || jsonb_strip_nulls(jsonb_build_object(
                    'original_job_id', i.original_job_id, 'repeats', a.source_id, 'checkpoint', r.epoch))
                FROM inserted i JOIN asked a ON a.new_id = i.id LEFT JOIN resumed r ON r.job_id = i.id
            )
            SELECT id FROM inserted
            """
    }
}
