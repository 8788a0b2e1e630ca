import Foundation
import JSON
import Jobs
import Postgres

/// A kind of work: what goes in, what comes out, and one function.
///
/// A service is a type that conforms and a `main` that calls `WorkerService.run`. Everything else (claiming, lease, retries,
/// cancellation, drain, logs, metrics) is WorkerKit's.
public protocol Worker: Sendable {
    /// The job's spec. It has passed the type's schema, with defaults filled in and secrets opened, before it is decoded: what the schema marks
    /// with `x-secret` must not go into logs, results or files.
    associatedtype Input: Decodable & Sendable
    /// The job's result, a JSON object.
    associatedtype Output: Encodable & Sendable

    /// The type of job that this worker runs.
    static func jobType() throws -> JobType

    /// How many jobs run at once unless `SWITCHYARD_SLOTS` says otherwise.
    static var defaultSlots: Int { get }

    /// Makes known in the database what clients may ask for beside the type, before the first job is taken; may be called again.
    func announce(in store: JobStore) async throws

    /// Does one job's work.
    ///
    /// An expected end is a value; whatever is thrown means that the attempt failed and is retried by the type's policy. Must end
    /// soon after its task is cancelled; an execution that does not is abandoned when the time for it is over: its slot is given to
    /// another job, and what it writes afterwards is dropped by the fence.
    func perform(_ input: Input, in context: JobContext) async throws -> Outcome<Output>
}

extension Worker {
    /// Nothing.
    public func announce(in store: JobStore) async throws {}
}

/// How an execution ends.
public enum Outcome<Output: Sendable>: Sendable {
    /// The work is done.
    case done(Output)
    /// The work cannot be done, now or later: the job fails without another attempt.
    case reject(JobFailure)
    /// Not yet: the job is tried again after this time, which does not count as a failure.
    case snooze(Duration, reason: String)
    /// Ended early because `context.stopReason` asked for it; goes on from the last saved checkpoint.
    case stopped
}

/// Why an attempt or a job failed, for clients: a word to branch on and a sentence to read.
public struct JobFailure: Error, Sendable, CustomStringConvertible {
    /// A stable word in snake_case.
    public let code: String
    /// What happened and what to do, in a sentence.
    public let message: String
    /// More facts; may be null.
    public let details: JSON

    /// Makes a failure.
    public init(code: String, message: String, details: JSON = .null) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// Code and message.
    public var description: String { "\(code): \(message)" }

    /// The failure that stands for any error.
    init(_ error: any Error) {
        if let failure = error as? JobFailure {
            self = failure
        } else {
            self.init(code: "error", message: String(String(describing: error).prefix(2000)))
        }
    }

    var json: [UInt8] {
        // PostgreSQL cannot hold NUL, and the text of an error may quote any input: it must not cost the job its retry.
        var object: JSONObject = ["code": .string(code), "message": .string(message.replacingNUL)]
        if details != .null { object["details"] = details }
        return JSON.object(object).serialized()
    }
}

/// Why a running job is asked to end early.
public enum StopReason: Sendable, Hashable {
    /// Its client stopped it, and lets it finish the unit in hand: begin nothing new, save a checkpoint, answer `.stopped`. The task is
    /// not cancelled before the time for it is over.
    case checkpoint
    /// Its client stopped it: answer `.stopped` now; it may be continued from the newest checkpoint.
    case stopped
    /// It ran longer than its timeout.
    case timedOut
    /// The worker shuts down: save a checkpoint and answer `.stopped`; another worker goes on.
    case draining
    /// Its client cancelled it.
    case cancelled
    /// Another attempt owns the job, or it has ended: nothing that is written counts any more.
    case superseded

    /// Only a stronger reason takes the place of another.
    var strength: Int {
        switch self {
        case .checkpoint: 1
        case .stopped, .timedOut, .draining: 2
        case .cancelled: 3
        case .superseded: 4
        }
    }

    /// Whether the task is cancelled with it.
    var endsTask: Bool { self != .checkpoint }

    init(_ wish: Wish) {
        switch wish {
        case .checkpoint: self = .checkpoint
        case .immediate: self = .stopped
        case .cancel: self = .cancelled
        case .force: self = .superseded
        }
    }
}
