import Foundation
import JSON
import Postgres

/// Where a step of a new workflow comes from when it was part of an earlier one.
struct StepOrigin: Sendable {
    /// Its job in the earlier workflow.
    let job: UUID
    let status: JobStatus?
    /// Whether the job has begun and has no other retry: then the new one goes on from its last checkpoint.
    let canResume: Bool

    var isReused: Bool { status == .completed }
}

extension JobStore {
    /// Makes a workflow and all of its jobs in one transaction; those that need nothing are due at once.
    public func start(
        _ definition: WorkflowDefinition, id: UUID, namespace: String, idempotency: Idempotency? = nil
    ) async throws -> SubmitOutcome {
        let outcome = try await database.transaction { session -> SubmitOutcome in
            let rows = try session.query(
                """
                INSERT INTO workflows (id, namespace, name, labels, fail_fast, idempotency_key, request_hash)
                VALUES (\(id), \(namespace), \(definition.name as String?), \(JSONText(definition.labels.serialized())),
                    \(definition.failsFast), \(idempotency?.key as String?), \(idempotency?.requestHash as [UInt8]?))
                ON CONFLICT (namespace, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
                RETURNING created_at
                """)
            guard rows.isEmpty, let idempotency else {
                try Self.addSteps(definition.steps, of: id, origins: [:], session)
                return .created(try rows[0].decode("created_at"))
            }
            let earlier = try session.query(
                """
                SELECT id, request_hash FROM workflows
                WHERE namespace = \(namespace) AND idempotency_key = \(idempotency.key)
                """)[0]
            let isSame = try earlier.decode("request_hash", as: [UInt8].self) == idempotency.requestHash
            return isSame ? .existing(try earlier.decode("id")) : .conflict(try earlier.decode("id"))
        }
        if outcome.isCreated { try await announce() }
        return outcome
    }

    /// Inserts the jobs of a workflow, and which waits for which.
    ///
    /// A job of the workflow is `awaited` from the start, because nobody else can lock its row before the commit. Jobs that are reused
    /// are left alone here: `settle` marks them.
    static func addSteps(
        _ steps: [WorkflowDefinition.Step], of workflow: UUID, origins: [String: StepOrigin], _ session: Session
    ) throws {
        var ids: [String: UUID] = [:]
        for step in steps {
            let origin = origins[step.name]
            ids[step.name] = origin?.isReused == true ? origin?.job : step.submission.id
        }
        let reused = Set(steps.map(\.name).filter { origins[$0]?.isReused == true })
        var submissions: [Submission] = []
        var waiting: [UUID] = []
        var edges: [(job: UUID, needs: UUID, name: String, isRead: Bool, isWatched: Bool)] = []
        for step in steps where !reused.contains(step.name) {
            var submission = step.submission
            for need in step.dependsOn {
                guard let id = ids[need] else { continue }
                submission.dependsOn.append(id)
                edges.append((submission.id, id, need, step.reads.contains(need), !reused.contains(need)))
            }
            if !submission.isReady, submission.scheduledAt == nil { waiting.append(submission.id) }
            submissions.append(submission)
        }
        let outcomes = try insert(submissions.map { ($0, .zero) }, session)
        if let taken = outcomes.firstIndex(where: { !$0.isCreated }) {
            let name = steps.first { $0.submission.id == submissions[taken].id }?.name ?? ""
            throw SubmissionError.invalid("/jobs/" + name, rule: "unique", "another job already stands for it")
        }
        _ = try session.pipeline([
            """
            UPDATE jobs SET awaited = true, due_at = CASE WHEN id = ANY(\(waiting)) THEN NULL ELSE due_at END
            WHERE id = ANY(\(submissions.map(\.id)))
            """,
            """
            INSERT INTO workflow_steps (workflow_id, name, position, job_id, is_reused, depends_on, definition)
            SELECT \(workflow), name, position, job_id, is_reused,
                ARRAY(SELECT jsonb_array_elements_text(depends_on)), definition
            FROM unnest(\(steps.map(\.name)), \(steps.indices.map { Int32($0) }), \(steps.map { ids[$0.name] }),
                \(steps.map { reused.contains($0.name) }),
                \(steps.map { JSONText(JSON.array($0.dependsOn.map { .string($0) }).serialized()) }),
                \(steps.map { JSONText($0.definition.serialized()) }))
                AS i (name, position, job_id, is_reused, depends_on, definition)
            """,
            """
            INSERT INTO job_dependencies (job_id, needs, name, is_read, is_watched)
            SELECT * FROM unnest(\(edges.map(\.job)), \(edges.map(\.needs)), \(edges.map(\.name)), \(edges.map(\.isRead)),
                \(edges.map(\.isWatched)))
            """,
            resumption(steps, origins: origins),
        ])
    }

    /// Jobs that go on where the same step of the earlier workflow ended.
    private static func resumption(
        _ steps: [WorkflowDefinition.Step], origins: [String: StepOrigin]
    ) -> Statement {
        let resumed = steps.compactMap { step in
            origins[step.name].flatMap { $0.isReused ? nil : (new: step.submission.id, old: $0) }
        }
        return """
            WITH i AS (
                SELECT i.id, i.old, i.resumes, coalesce(o.original_job_id, o.id) AS original
                FROM unnest(\(resumed.map(\.new)), \(resumed.map(\.old.job)), \(resumed.map(\.old.canResume)))
                    AS i (id, old, resumes) JOIN jobs o ON o.id = i.old
            ), linked AS (
                UPDATE jobs j SET original_job_id = i.original, retry_of = CASE WHEN i.resumes THEN i.old END,
                    resumes = CASE WHEN i.resumes THEN i.old END
                FROM i WHERE j.id = i.id
                RETURNING j.id, j.resumes
            ), \(carryingOver(from: "linked"))
            SELECT job_id FROM resumed
            """
    }
}
