import Foundation
import JSON
import Postgres

/// A job as its row tells it.
public struct Job: Sendable {
    /// The job's id.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// The job's type.
    public let type: String
    /// Where it stands.
    public let status: JobStatus
    /// What it does now, in the worker's own words.
    public let phase: String?
    /// A name for people.
    public let name: String?
    /// How urgent it is.
    public let priority: Priority
    /// The client's labels, a JSON object.
    public let labels: [UInt8]
    /// The input, a JSON object whose secrets are sealed; nil in lists.
    public let spec: [UInt8]?
    /// The number of the attempt, from 1; 0 before the first.
    public let attempt: Int32
    /// How many attempts may fail before the job fails.
    public let maxAttempts: Int32
    /// How many attempts have failed.
    public let failures: Int32
    /// How many workers have died on it.
    public let crashes: Int32
    /// How long one attempt may run.
    public let timeoutSeconds: Int32
    /// When it was made.
    public let createdAt: Date
    /// When it may be dispatched; nil while it waits for other jobs.
    public let dueAt: Date?
    /// When the last attempt began.
    public let startedAt: Date?
    /// When it ended.
    public let finishedAt: Date?
    /// The worker of the last attempt.
    public let worker: String?
    /// How far it is, a JSON object.
    public let progress: [UInt8]?
    /// What came out, a JSON object.
    public let result: [UInt8]?
    /// What went wrong, a JSON object.
    public let error: [UInt8]?
    /// What is wanted of it while it runs; nil for its ordinary end.
    public let wanted: Wish?
    /// When it is ended by force, when an end is wanted.
    public let stopDeadline: Date?
    /// How much it may do at a time, in the units of its type; nil for the worker's own measure.
    public let parallelism: Int32?
    /// The job, schedule or workflow that it belongs to.
    public let parentID: UUID?
    /// The job that it repeats.
    public let originalJobID: UUID?
    /// The client's trace id.
    public let traceID: String?
    /// The number of the job's newest event; only read where somebody waits for the next one.
    public let lastEvent: Int64?
}

extension Job: Representation {
    /// What `write` writes.
    public static let schema = Schema.answer(
        "A job. Lists leave out `spec` and `result`, which may be large.",
        [
            "id": Schema.uuid, "type": Schema.text, "namespace": Schema.text, "name": Schema.text.orNull,
            "status": JobStatus.schema,
            "phase": Schema.text.orNull.described("What it does now, in the worker's own words."),
            "priority": Schema.word(Priority.allCases.map(\.word)), "labels": Schema.map(Schema.text),
            "spec": Schema.anyObject,
            "attempt": Schema.count.described("The number of the attempt, from 1; 0 before the first."),
            "max_attempts": Schema.count, "failures": Schema.count.described("How many attempts have failed."),
            "crashes": Schema.count.described("How many workers have died on it."),
            "timeout_seconds": Schema.count.described("How long one attempt may run."),
            "parallelism": Schema.count.orNull.described(
                "How much it may do at a time, in the units of its type; null for the worker's own measure."),
            "progress": Schema.anyObject.orNull, "timing": JobTiming.reference, "result": Schema.anyObject.orNull,
            "error": Schema.anyObject.orNull.described("What went wrong: `code` and `message`."),
            "worker": Schema.text.orNull.described("The worker of the last attempt."),
            "wanted": Schema.word(Wish.words).orNull.described("What was asked of it while it runs."),
            "stop_deadline": Schema.time.orNull.described("When it is ended by force, if something is wanted."),
            "created_at": Schema.time,
            "scheduled_at": Schema.time.orNull.described(
                "When it may start; null once it may, and while it waits for other jobs."),
            "started_at": Schema.time.orNull.described("When the last attempt began."),
            "finished_at": Schema.time.orNull,
            "parent_id": Schema.uuid.orNull.described("The job, schedule or workflow that it belongs to."),
            "original_job_id": Schema.uuid.orNull.described("The job that it repeats."), "trace_id": Schema.text.orNull,
        ], optional: ["spec", "result", "timing"])

    /// Appends the job as clients see it. A job from a list has no `spec` and no `result`: those may be large.
    public func write(to json: inout JSONWriter) { write(to: &json, timing: nil) }

    /// Appends the job with its timing at the moment of the answer.
    public func write(to json: inout JSONWriter, timing: JobTiming?) {
        json.beginObject()
        writeMembers(to: &json, timing: timing)
        json.endObject()
    }

    /// Appends the job's members to an object that may have more.
    public func writeMembers(to json: inout JSONWriter, timing: JobTiming? = nil) {
        json.member("id", id)
        json.member("type", type)
        json.member("namespace", namespace)
        json.member("name", name)
        json.member("status", status.rawValue)
        json.member("phase", phase)
        json.member("priority", priority.word)
        json.member("labels", raw: labels)
        if let spec { json.member("spec", raw: Redaction.hide(spec)) }
        json.member("attempt", Int(attempt))
        json.member("max_attempts", Int(maxAttempts))
        json.member("failures", Int(failures))
        json.member("crashes", Int(crashes))
        json.member("timeout_seconds", Int(timeoutSeconds))
        json.member("parallelism", parallelism.map(Int.init))
        json.member("progress", raw: progress ?? Self.null)
        if let timing {
            json.key("timing")
            timing.write(to: &json)
        }
        if spec != nil { json.member("result", raw: result ?? Self.null) }
        json.member("error", raw: error ?? Self.null)
        json.member("worker", worker)
        json.member("wanted", wanted?.rawValue)
        json.member("stop_deadline", stopDeadline)
        json.member("created_at", createdAt)
        json.member("scheduled_at", status == .scheduled ? dueAt : Date?.none)
        json.member("started_at", startedAt)
        json.member("finished_at", finishedAt)
        json.member("parent_id", parentID)
        json.member("original_job_id", originalJobID)
        json.member("trace_id", traceID)
    }

    private static let null = Array("null".utf8)
}

extension Job {
    /// The job as it stands right after its row was committed.
    public init(_ submission: Submission, createdAt: Date) {
        self.init(
            id: submission.id, namespace: submission.namespace, type: submission.type,
            status: submission.initialStatus, phase: nil, name: submission.name,
            priority: submission.priority, labels: submission.labels.serialized(), spec: submission.spec, attempt: 0,
            maxAttempts: Int32(submission.maxAttempts), failures: 0, crashes: 0,
            timeoutSeconds: Int32(submission.timeoutSeconds), createdAt: createdAt,
            dueAt: submission.dependsOn.isEmpty ? submission.scheduledAt ?? createdAt : nil, startedAt: nil,
            finishedAt: nil, worker: nil, progress: nil,
            result: nil, error: nil, wanted: nil, stopDeadline: nil,
            parallelism: submission.parallelism.map(Int32.init), parentID: submission.parentID, originalJobID: nil,
            traceID: submission.traceID, lastEvent: nil)
    }
}
