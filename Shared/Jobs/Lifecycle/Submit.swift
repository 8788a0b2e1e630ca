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
}

extension JobStore {
    /// Inserts jobs and their first events in one transaction; answers in the order of `submissions`.
    ///
    /// A job whose id or idempotency key is taken is not inserted (G12); the others are.
    ///
    /// - Parameter grace: how long the caller keeps the right to publish the command itself. Until then no dispatcher takes
    ///   the job; afterwards any does, which is what makes a crash between commit and publish harmless.
    public func submit(_ submissions: [(submission: Submission, grace: Duration)]) async throws -> [SubmitOutcome] {
        let insertion = Self.insertion(submissions)
        return try await database.withSession { session in
            try Self.outcomes(of: submissions.map(\.submission), inserted: session.query(insertion), session)
        }
    }

    /// Like `submit`, but inserts nothing when one of the keys was used for another request.
    public func submit(allOrNone submissions: [(submission: Submission, grace: Duration)]) async throws
        -> [SubmitOutcome]
    {
        struct Undo: Error { let outcomes: [SubmitOutcome] }
        let insertion = Self.insertion(submissions)
        do {
            return try await database.transaction { session in
                let outcomes = try Self.outcomes(
                    of: submissions.map(\.submission), inserted: session.query(insertion), session)
                if outcomes.contains(where: \.isConflict) { throw Undo(outcomes: outcomes) }
                return outcomes
            }
        } catch let undo as Undo {
            return undo.outcomes
        }
    }

    private static func insertion(_ submissions: [(submission: Submission, grace: Duration)]) -> Statement {
        let jobs = submissions.map(\.submission)
        let keys = jobs.map { $0.idempotency?.key }
        let statuses = jobs.map { ($0.scheduledAt == nil ? JobStatus.queued : .scheduled).rawValue }
        return """
            WITH inserted AS (
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, name, labels,
                    spec, parallelism, parent_id, trace_id, idempotency_key, request_hash)
                SELECT i.id, i.namespace, i.type, i.status, i.priority, i.max_attempts, i.timeout_seconds,
                    coalesce(i.scheduled_at, now() + i.grace * interval '1 second'),
                    i.name, i.labels, i.spec, i.parallelism, i.parent_id, i.trace_id, i.key, i.hash
                FROM unnest(\(jobs.map(\.id)), \(jobs.map(\.namespace)), \(jobs.map(\.type)), \(statuses),
                    \(jobs.map(\.priority.rawValue)), \(jobs.map { Int32($0.maxAttempts) }),
                    \(jobs.map { Int32($0.timeoutSeconds) }), \(jobs.map(\.scheduledAt)),
                    \(submissions.map { $0.grace.seconds }), \(jobs.map(\.name)),
                    \(jobs.map { JSONText($0.labels.serialized()) }), \(jobs.map { JSONText($0.spec) }),
                    \(jobs.map { $0.parallelism.map(Int32.init) }), \(jobs.map(\.parentID)), \(jobs.map(\.traceID)), \(keys),
                    \(jobs.map { $0.idempotency?.requestHash }))
                    AS i (id, namespace, type, status, priority, max_attempts, timeout_seconds, scheduled_at, grace, name,
                    labels, spec, parallelism, parent_id, trace_id, key, hash)
                ON CONFLICT DO NOTHING
                RETURNING id, status, created_at
            ), announced AS (
                INSERT INTO events (job_id, kind, status, attempt) SELECT id, status, status, 0 FROM inserted
            )
            SELECT id, created_at FROM inserted
            """
    }

    private static func outcomes(
        of jobs: [Submission], inserted rows: Rows, _ session: Session
    ) throws -> [SubmitOutcome] {
        var created: [UUID: Date] = [:]
        created.reserveCapacity(rows.count)
        for row in rows { created[try row.decode("id", as: UUID.self)] = try row.decode("created_at", as: Date.self) }
        guard created.count < jobs.count else { return jobs.map { .created(created[$0.id] ?? Date()) } }
        let missing = jobs.filter { created[$0.id] == nil && $0.idempotency != nil }
        var earlier: [String: (id: UUID, hash: [UInt8])] = [:]
        if !missing.isEmpty {
            let rows = try session.query(
                """
                SELECT j.id, j.namespace, j.idempotency_key, j.request_hash
                FROM unnest(\(missing.map(\.namespace)), \(missing.map { $0.idempotency?.key })) AS k (namespace, key)
                JOIN jobs j ON j.namespace = k.namespace AND j.idempotency_key = k.key
                """)
            for row in rows {
                let key =
                    try row.decode("namespace", as: String.self) + "\n" + row.decode("idempotency_key", as: String.self)
                earlier[key] = (try row.decode("id"), try row.decode("request_hash"))
            }
        }
        return jobs.map { job in
            // An id that comes twice in one batch is one job.
            if let date = created.removeValue(forKey: job.id) { return .created(date) }
            guard let idempotency = job.idempotency, let found = earlier[job.namespace + "\n" + idempotency.key] else {
                return .existing(job.id)
            }
            return found.hash == idempotency.requestHash ? .existing(found.id) : .conflict(found.id)
        }
    }
}

extension Duration {
    /// The duration in seconds, for SQL intervals.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
