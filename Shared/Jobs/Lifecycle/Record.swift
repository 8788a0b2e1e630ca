import Foundation
import Postgres

/// What a worker writes about a job that it runs. Every record names the attempt; a record of a stale attempt changes nothing.
public enum Record: Sendable {
    case heartbeat(Fence, lease: Duration)
    case logs(Fence, [LogLine])
    case progress(Fence, phase: String?, progress: [UInt8])
    case checkpoint(Fence, epoch: Int32, state: [UInt8], CheckpointExtras = CheckpointExtras())
    case operators(Fence, [OperatorReport])
    case errors(Fence, [RecordError])
    case samples(Fence, [OutputSample])
    case outcome(Fence, Ending)
}

/// What a checkpoint may tell beyond its state.
public struct CheckpointExtras: Sendable {
    /// What the job has finished since its last checkpoint, each entry JSON; stored once, and part of every later checkpoint.
    public var entries: [[UInt8]] = []
    /// The sizes of the operators' states in bytes, a JSON object by name; nil when the worker does not tell.
    public var operators: [UInt8]?
    /// When the worker began to save it, by its own clock.
    public var startedAt: Date?

    /// Nothing beyond the state.
    public init() {}
}

/// Names one attempt of one job.
public struct Fence: Sendable, Hashable {
    /// The job it is about.
    public let job: UUID
    /// The number of the attempt, from 1; 0 before the first.
    public let attempt: Int32

    /// Names an attempt.
    public init(job: UUID, attempt: Int32) {
        self.job = job
        self.attempt = attempt
    }
}

/// What the database answers to a record.
public enum RecordAnswer: Sendable, Hashable {
    /// Written.
    case written
    /// Written, and somebody wants the job to end.
    case wanted(Wanted)
    /// Another attempt owns the job, or it has ended: the worker must drop this execution.
    case superseded
}

/// How an attempt ends.
public struct Ending: Sendable {
    /// The status that the job gets.
    public var status: JobStatus
    /// The result (a JSON object), when completed.
    public var result: [UInt8]?
    /// What went wrong (a JSON object with `code` and `message`), when it did.
    public var error: [UInt8]?
    /// When the next attempt may start, when there is one.
    public var dueIn: Duration = .zero
    /// Whether this attempt counts against `max_attempts`.
    public var countsAsFailure = false
    /// The last progress, so that it is written with the end.
    public var progress: [UInt8]?
    /// The last phase.
    public var phase: String?
    /// The word for the execution's row and the event: `completed`, `failed`, `retrying`, `handed_back`, …
    public var kind: String

    /// Makes an ending.
    public init(status: JobStatus, kind: String) {
        self.status = status
        self.kind = kind
    }
}

extension JobStore {
    /// Writes a worker's records in one transaction and answers each, in order.
    ///
    /// Order of effects: heartbeats, logs, operators, errors, samples, progress, checkpoints, outcomes, so that what a job wrote
    /// before its end is still within its fence. A kind that nobody has written costs no statement. One worker writes all its records through one call at a time: two multi-row updates that meet in two
    /// orders would be a deadlock.
    ///
    /// Safe to repeat when it is not known whether a first call was committed: logs, errors, samples and checkpoints have keys of
    /// their own, operators' numbers are absolute, the rest is guarded.
    public func write(_ records: [Record]) async throws -> [RecordAnswer] {
        var batch = RecordBatch(records)
        let statements = batch.statements
        guard !statements.isEmpty else { return batch.answers }
        let texts = statements.map(\.statement)
        let results = try await batch.makesEvents ? commit(texts) : database.pipeline(texts)
        for (kind, rows) in zip(statements.map(\.kind), results) { try batch.take(rows, of: kind) }
        return batch.answers
    }
}
