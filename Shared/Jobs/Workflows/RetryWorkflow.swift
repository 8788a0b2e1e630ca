import Foundation
import JSON
import Postgres

/// What a request to retry a workflow led to.
public enum WorkflowRetry: Sendable {
    /// The new workflow's rows are committed.
    case created(UUID)
    /// This workflow already stands for it: a workflow is retried once.
    case existing(UUID)
    /// The workflow's status does not allow it.
    case refused(Workflow.Status)
    /// There is no such workflow in this namespace.
    case unknown
}

extension JobStore {
    /// Makes a new workflow that goes on with what did not complete in one that has ended.
    ///
    /// Jobs that have completed are not repeated: the new workflow refers to them and to their results. The others are made anew from what
    /// the client has sent; one that had begun goes on from its last checkpoint. Safe to call twice and from several gateways.
    ///
    /// - Throws: `SubmissionError` when a job does not validate any more.
    public func retryWorkflow(
        _ id: UUID, namespace: String, as newID: UUID, catalogue: TypeCatalogue
    ) async throws -> WorkflowRetry {
        for _ in 0..<2 {
            do {
                return try await retryOnce(id, namespace: namespace, as: newID, catalogue: catalogue)
            } catch let error as PostgresError where error.constraint == "jobs_retry" {
                // One of the jobs was retried by itself in this moment. Then it is not resumed.
                continue
            }
        }
        return try await retryOnce(id, namespace: namespace, as: newID, catalogue: catalogue)
    }

    private func retryOnce(
        _ id: UUID, namespace: String, as newID: UUID, catalogue: TypeCatalogue
    ) async throws -> WorkflowRetry {
        let retry = try await database.transaction { session -> WorkflowRetry in
            guard
                let row = try session.query(
                    "SELECT status FROM workflows WHERE id = \(id) AND namespace = \(namespace) FOR UPDATE"
                ).first
            else { return .unknown }
            if let made = try session.query("SELECT id FROM workflows WHERE retry_of = \(id)").first {
                return .existing(try made.decode("id"))
            }
            let status = Workflow.Status(rawValue: try row.decode("status")) ?? .running
            guard [.failed, .cancelled, .stopped].contains(status) else { return .refused(status) }
            let (jobs, origins) = try Self.steps(of: id, session)
            let definition = try WorkflowDefinition.read(
                ["jobs": .object(jobs)], namespace: namespace, workflow: newID, catalogue: catalogue,
                from: .stored)
            try session.query(
                """
                INSERT INTO workflows (id, namespace, name, labels, fail_fast, retry_of, original_workflow_id)
                SELECT \(newID), namespace, name, labels, fail_fast, id, coalesce(original_workflow_id, id)
                FROM workflows WHERE id = \(id)
                """)
            try Self.addSteps(definition.steps, of: newID, origins: origins, session)
            return .created(newID)
        }
        if case .created = retry { try await announce() }
        return retry
    }

    private static func steps(
        of workflow: UUID, _ session: Session
    ) throws -> (jobs: JSONObject, origins: [String: StepOrigin]) {
        let rows = try session.query(
            """
            SELECT s.name, s.definition, s.job_id, j.status,
                j.attempt > 0 AND j.status <> 'completed'
                    AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.retry_of = s.job_id) AS can_resume
            FROM workflow_steps s LEFT JOIN jobs j ON j.id = s.job_id
            WHERE s.workflow_id = \(workflow) ORDER BY s.position
            """)
        var jobs = JSONObject()
        var origins: [String: StepOrigin] = [:]
        for row in rows {
            let name = try row.decode("name", as: String.self)
            jobs[name] = try JSON.parse(row.decode("definition", as: JSONText.self).bytes)
            origins[name] = StepOrigin(
                job: try row.decode("job_id"),
                status: try row.decode("status", as: String?.self).flatMap(JobStatus.init(rawValue:)),
                canResume: try row.decode("can_resume", as: Bool?.self) ?? false)
        }
        return (jobs, origins)
    }
}
