import Foundation
import Postgres

/// What became of one submission.
public enum SubmitOutcome: Sendable {
    /// The row and its first event are committed.
    case created(Date)
    /// The same request was made before: this job already stands for it.
    case existing(UUID)
    /// The idempotency key was used before, for another request.
    case conflict(UUID)

    var isConflict: Bool {
        if case .conflict = self { true } else { false }
    }

    var isCreated: Bool {
        if case .created = self { true } else { false }
    }
}

extension JobStore {
    /// Inserts jobs and their first events in one transaction; answers in the order of `submissions`.
    ///
    /// A job whose id or idempotency key is taken is not inserted (G12), nor one of a kind that is to be unique and exists; the
    /// others are.
    ///
    /// - Parameter grace: how long the caller keeps the right to publish the command itself. Until then no dispatcher takes
    ///   the job; afterwards any does, which is what makes a crash between commit and publish harmless.
    public func submit(_ submissions: [(submission: Submission, grace: Duration)]) async throws -> [SubmitOutcome] {
        let insertion = Self.insertion(submissions)
        return try await database.withSession { session in try Self.insert(submissions, insertion, session) }
    }

    /// Like `submit`, but inserts nothing when one of the keys was used for another request.
    ///
    /// Only this way takes jobs that depend on others.
    ///
    /// - Throws: `UnknownDependencies` when a job that one of them depends on does not exist; nothing is inserted then.
    public func submit(allOrNone submissions: [(submission: Submission, grace: Duration)]) async throws
        -> [SubmitOutcome]
    {
        struct Undo: Error { let outcomes: [SubmitOutcome] }
        do {
            let outcomes = try await database.transaction { session in
                let outcomes = try Self.insert(submissions, session)
                if outcomes.contains(where: \.isConflict) { throw Undo(outcomes: outcomes) }
                try Self.addDependencies(
                    of: zip(submissions, outcomes).filter { $1.isCreated }.map(\.0.submission), session)
                return outcomes
            }
            if submissions.contains(where: { !$0.submission.dependsOn.isEmpty }) { try await announce() }
            return outcomes
        } catch let undo as Undo {
            return undo.outcomes
        }
    }

    /// Inserts jobs and their first events within a transaction of the caller's, as `submit` does; dispatchers publish their commands after its
    /// commit.
    public static func submit(_ submissions: [Submission], _ session: Session) throws -> [SubmitOutcome] {
        try insert(submissions.map { ($0, Duration.zero) }, session)
    }

    typealias Batch = [(submission: Submission, grace: Duration)]

    /// Inserts jobs and their first events within a transaction.
    static func insert(_ rows: Batch, _ session: Session) throws -> [SubmitOutcome] {
        try insert(rows, insertion(rows), session)
    }

    private static func insert(_ rows: Batch, _ insertion: Statement, _ session: Session) throws -> [SubmitOutcome] {
        let jobs = rows.map(\.submission)
        if let freeing = Uniqueness.freeing(jobs) { _ = try session.query(freeing) }
        var answers = SubmitAnswers(jobs)
        try answers.take(session.query(insertion), session)
        // What stood in the way of a unique job may have ended before it could be read: then the way is free.
        for _ in 1...5 where !answers.isComplete {
            let again = rows.filter { answers.isMissing($0.submission) }
            try answers.take(session.query(Self.insertion(again)), session)
        }
        return try answers.outcomes()
    }

    /// Adds the labels of the jobs in `inserted`, by which lists find them.
    static let labelling: StaticString = """
        INSERT INTO job_labels (namespace, key, value, job_id)
        SELECT i.namespace, l.key, l.value, i.id FROM inserted i, jsonb_each_text(i.labels) l WHERE i.labels <> '{}'
        """

    private static func insertion(_ submissions: Batch) -> Statement {
        let jobs = submissions.map(\.submission)
        let keys = jobs.map { $0.idempotency?.key }
        let now = Date()
        let statuses = jobs.map(\.initialStatus.rawValue)
        return """
            WITH inserted AS (
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, name, labels,
                    spec, parallelism, parent_id, trace_id, idempotency_key, request_hash, concurrency_key, expires_at,
                    unique_key, unique_for, unique_until)
                SELECT i.id, i.namespace, i.type, i.status, i.priority, i.max_attempts, i.timeout_seconds,
                    coalesce(i.scheduled_at, now() + i.grace * interval '1 second'),
                    i.name, i.labels, i.spec, i.parallelism, i.parent_id, i.trace_id, i.key, i.hash, i.concurrency_key,
                    i.expires_at, i.unique_key, i.unique_for, i.unique_until
                FROM unnest(\(jobs.map(\.id)), \(jobs.map(\.namespace)), \(jobs.map(\.type)), \(statuses),
                    \(jobs.map(\.priority.rawValue)), \(jobs.map { Int32($0.maxAttempts) }),
                    \(jobs.map { Int32($0.timeoutSeconds) }), \(jobs.map(\.scheduledAt)),
                    \(submissions.map { $0.grace.seconds }), \(jobs.map(\.name)),
                    \(jobs.map { JSONText($0.labels.serialized()) }), \(jobs.map { JSONText($0.spec) }),
                    \(jobs.map { $0.parallelism.map(Int32.init) }), \(jobs.map(\.parentID)), \(jobs.map(\.traceID)), \(keys),
                    \(jobs.map { $0.idempotency?.requestHash }),
                    \(jobs.map(\.concurrencyKey)), \(jobs.map(\.expiresAt)), \(jobs.map { $0.uniqueness?.key }),
                    \(jobs.map { $0.uniqueness?.extent.word }), \(jobs.map { $0.uniqueness?.end(from: now) }))
                    AS i (id, namespace, type, status, priority, max_attempts, timeout_seconds, scheduled_at, grace, name,
                    labels, spec, parallelism, parent_id, trace_id, key, hash, concurrency_key, expires_at,
                    unique_key, unique_for, unique_until)
                ON CONFLICT DO NOTHING
                RETURNING id, namespace, type, status, labels, created_at
            ), labelled AS (
                \(raw: labelling)
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt) SELECT id, type, status, status, 0 FROM inserted
            )
            SELECT id, created_at FROM inserted
            """
    }
}

extension Duration {
    /// The duration in seconds, for SQL intervals.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
