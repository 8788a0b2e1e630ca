import Foundation
import JSON
import Postgres

/// A workflow as its row tells it.
public struct Workflow: Sendable {
    /// Where a workflow stands; see `WorkflowEnds` for how it ends.
    public enum Status: String, Sendable, CaseIterable {
        case running, completed, failed, cancelled, stopped
    }

    /// The workflow's id, also the `parent_id` of its jobs.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// A name for people.
    public let name: String?
    /// The client's labels, a JSON object.
    public let labels: [UInt8]
    /// Whether the first failure cancels all that has not ended.
    public let failsFast: Bool
    /// Where it stands.
    public let status: Status
    /// Whether its jobs are being cancelled.
    public let isCancelling: Bool
    /// Why they are.
    public let reason: String?
    /// The workflow that it goes on with.
    public let retryOf: UUID?
    /// The first one of a line of retries.
    public let originalWorkflowID: UUID?
    /// When it was made.
    public let createdAt: Date
    /// When the last of its jobs ended.
    public let finishedAt: Date?
    /// Its jobs, in the client's order; nil in lists.
    public var steps: [WorkflowStep]?
}

/// One job of a workflow and where it stands.
public struct WorkflowStep: Sendable {
    /// Its name in the workflow.
    public let name: String
    /// Its job.
    public let job: UUID
    /// Whether the job has completed in an earlier workflow that this one goes on with.
    public let isReused: Bool
    /// The names of the jobs that it needs.
    public let dependsOn: [String]
    /// The job's type; nil when its row does not exist any more, as is all below.
    public let type: String?
    /// Where the job stands.
    public let status: JobStatus?
    /// The number of its attempt.
    public let attempt: Int32?
    /// How far it is, a JSON object.
    public let progress: [UInt8]?
    /// What went wrong, a JSON object.
    public let error: [UInt8]?
    /// When its last attempt began.
    public let startedAt: Date?
    /// When it ended.
    public let finishedAt: Date?
}

extension Workflow: Representation {
    /// What `write` writes.
    public static let schema = Schema.answer(
        "Named jobs of which some need others. Lists leave out `failed_job` and `jobs`.",
        [
            "id": Schema.uuid.described("Also the `parent_id` of its jobs."), "namespace": Schema.text,
            "name": Schema.text.orNull, "labels": Schema.map(Schema.text), "fail_fast": Schema.bool,
            "status": Schema.word(Status.allCases.map(\.rawValue)),
            "cancelling": Schema.bool.described("Whether its jobs are being cancelled."), "reason": Schema.text.orNull,
            "retry_of": Schema.uuid.orNull.described("The workflow that it goes on with."),
            "original_workflow_id": Schema.uuid.orNull.described("The first one of a line of retries."),
            "created_at": Schema.time, "finished_at": Schema.time.orNull,
            "failed_job": Schema.answer(
                "The job that has failed first, and why.",
                [
                    "name": Schema.text.described("In the workflow."), "id": Schema.uuid, "type": Schema.text.orNull,
                    "error": Schema.anyObject.orNull,
                ]
            ).orNull,
            "jobs": Schema.map(WorkflowStep.schema).described("By name."),
        ], optional: ["failed_job", "jobs"])

    /// The job that has failed first.
    var failedStep: WorkflowStep? {
        steps?.filter { $0.status == .failed }.min {
            ($0.finishedAt ?? .distantFuture) < ($1.finishedAt ?? .distantFuture)
        }
    }

    /// Appends the workflow as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("namespace", namespace)
        json.member("name", name)
        json.member("labels", raw: labels)
        json.member("fail_fast", failsFast)
        json.member("status", status.rawValue)
        json.member("cancelling", isCancelling)
        json.member("reason", reason)
        json.member("retry_of", retryOf)
        json.member("original_workflow_id", originalWorkflowID)
        json.member("created_at", createdAt)
        json.member("finished_at", finishedAt)
        if let steps {
            json.key("failed_job")
            if let step = failedStep { step.writeFailure(to: &json) } else { json.null() }
            json.key("jobs")
            json.beginObject()
            for step in steps {
                json.key(dynamic: step.name)
                step.write(to: &json)
            }
            json.endObject()
        }
        json.endObject()
    }

    init(row: Row) throws {
        let status = Status(rawValue: try row.decode("status")) ?? .running
        let wanted = try row.decode("wanted", as: String?.self)
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"), name: try row.decode("name"),
            labels: try row.decode("labels", as: JSONText.self).bytes, failsFast: try row.decode("fail_fast"),
            status: status, isCancelling: status == .running && wanted != nil, reason: try row.decode("reason"),
            retryOf: try row.decode("retry_of"), originalWorkflowID: try row.decode("original_workflow_id"),
            createdAt: try row.decode("created_at"), finishedAt: try row.decode("finished_at"))
    }
}

extension WorkflowStep {
    static let schema = Schema.answer(
        "One job of a workflow. All after `depends_on` is null once the job's row is gone.",
        [
            "id": Schema.uuid,
            "reused": Schema.bool.described(
                "Whether it has completed in an earlier workflow that this one goes on with."),
            "depends_on": Schema.list(Schema.text), "type": Schema.text.orNull, "status": JobStatus.schema.orNull,
            "attempt": Schema.count.orNull, "progress": Schema.anyObject.orNull, "error": Schema.anyObject.orNull,
            "started_at": Schema.time.orNull, "finished_at": Schema.time.orNull,
        ])

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", job)
        json.member("type", type)
        json.member("status", status?.rawValue)
        json.member("reused", isReused)
        json.member("depends_on", dependsOn)
        json.member("attempt", attempt.map { Int($0) })
        json.member("progress", raw: progress ?? Array("null".utf8))
        json.member("error", raw: error ?? Array("null".utf8))
        json.member("started_at", startedAt)
        json.member("finished_at", finishedAt)
        json.endObject()
    }

    /// Appends what has failed, and why.
    func writeFailure(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("id", job)
        json.member("type", type)
        json.member("error", raw: error ?? Array("null".utf8))
        json.endObject()
    }

    init(row: Row) throws {
        self.init(
            name: try row.decode("name"), job: try row.decode("job_id"), isReused: try row.decode("is_reused"),
            dependsOn: try row.decode("depends_on"), type: try row.decode("type"),
            status: try row.decode("status", as: String?.self).flatMap(JobStatus.init(rawValue:)),
            attempt: try row.decode("attempt"), progress: try row.decode("progress", as: JSONText?.self)?.bytes,
            error: try row.decode("error", as: JSONText?.self)?.bytes, startedAt: try row.decode("started_at"),
            finishedAt: try row.decode("finished_at"))
    }
}

extension JobStore {
    /// Reads a workflow and its jobs, in the client's order.
    public func workflow(_ id: UUID, namespace: String) async throws -> Workflow? {
        let rows = try await database.pipeline([
            "SELECT \(Self.workflowColumns) FROM workflows WHERE id = \(id) AND namespace = \(namespace)",
            """
            SELECT s.name, s.job_id, s.is_reused, s.depends_on, j.type, j.status, j.attempt, j.progress, j.error, j.started_at,
                j.finished_at
            FROM workflow_steps s LEFT JOIN jobs j ON j.id = s.job_id
            WHERE s.workflow_id = \(id) ORDER BY s.position
            """,
        ])
        return try rows[0].first.map { row in
            var workflow = try Workflow(row: row)
            workflow.steps = try rows[1].map(WorkflowStep.init(row:))
            return workflow
        }
    }

    /// Lists workflows without their jobs, the newest first.
    public func workflows(
        namespace: String, status: Workflow.Status?, before: UUID?, limit: Int
    ) async throws -> [Workflow] {
        try await database.query(
            """
            SELECT \(Self.workflowColumns) FROM workflows
            WHERE namespace = \(namespace) AND (\(before as UUID?)::uuid IS NULL OR id < \(before as UUID?))
                AND (\(status?.rawValue as String?)::text IS NULL OR status = \(status?.rawValue as String?))
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(Workflow.init(row:))
    }

    private static var workflowColumns: Statement {
        """
        id, namespace, name, labels, fail_fast, status, wanted, reason, retry_of, original_workflow_id, created_at, finished_at
        """
    }
}
