import Foundation
import JSON
import Jobs
import Synchronization

/// What a worker's code sees of the job that it runs.
public final class JobContext: Sendable {
    /// The job's id.
    public let job: UUID
    /// The job's namespace; files of another one are out of reach.
    public let namespace: String
    /// The number of this attempt, from 1.
    public let attempt: Int32
    /// How much the client wants done at a time, in the units of the type; nil for the worker's own measure.
    public let parallelism: Int?
    /// The files that the job reads and makes.
    public let files: JobFiles

    private struct State {
        var checkpoint: (epoch: Int32, state: [UInt8])?
        var completed = 0.0
        var epoch: Int32
    }

    private let running: RunningJob
    private let recorder: Recorder
    private let journal: JobJournal
    private let state: Mutex<State>

    init(running: RunningJob, recorder: Recorder, journal: JobJournal, files: JobFiles) {
        let claim = running.claim
        job = claim.id
        namespace = claim.namespace
        attempt = claim.attempt
        parallelism = claim.parallelism
        self.files = files
        self.running = running
        self.recorder = recorder
        self.journal = journal
        state = Mutex(State(checkpoint: claim.checkpoint, epoch: claim.checkpoint?.epoch ?? 0))
    }

    /// Why the job should end early; nil while it may go on.
    ///
    /// Whoever works unit by unit looks before each: `.checkpoint` lets the one in hand be finished and saved. With every other
    /// reason the task is cancelled at the same moment.
    public var stopReason: StopReason? { running.stopReason }

    /// The newest checkpoint of the earlier attempts, or of the job that this one goes on from; nil for a fresh start.
    ///
    /// - Throws: `DecodingError` when it was written in another form.
    public func checkpoint<State: Decodable>(as type: State.Type) throws -> State? {
        guard let bytes = state.withLock({ $0.checkpoint?.state }) else { return nil }
        return try JSON.parse(bytes).decode(type)
    }

    /// Saves a point from which a later attempt can go on; returns when it is committed.
    ///
    /// - Throws: `Superseded` when another attempt owns the job.
    public func save(checkpoint: some Encodable) async throws {
        let bytes = try JSON.encode(checkpoint).serialized()
        let epoch = state.withLock { state in
            state.epoch += 1
            return state.epoch
        }
        guard try await recorder.write(.checkpoint(running.fence, epoch: epoch, state: bytes)) != .superseded else {
            running.stop(.superseded)
            throw Superseded()
        }
        state.withLock { $0.checkpoint = (epoch, bytes) }
    }

    /// Says how far the job is. Within an attempt `completed` never falls: a smaller value is shown as the largest so far.
    ///
    /// - Parameters:
    ///   - completed: how much is done, in `unit`s.
    ///   - total: how much there is, when it is known.
    ///   - unit: what is counted, in the plural: `pages`.
    ///   - phase: what the job does now, in a word or two.
    ///   - numbers: more numbers that belong to the type.
    public func report(
        completed: Double, total: Double?, unit: String, phase: String? = nil,
        numbers: [(name: String, value: JSON)] = []
    ) {
        let done = state.withLock { state in
            state.completed = max(state.completed, completed)
            return state.completed
        }
        var progress: JSONObject = ["completed": Self.number(done), "unit": .string(unit)]
        if let total {
            progress["total"] = Self.number(total)
            progress["percent"] = .double(total > 0 ? (min(1, done / total) * 1000).rounded() / 10 : 100)
        }
        for (name, value) in numbers { progress[name] = value }
        journal.report(phase: phase, progress: JSON.object(progress).serialized())
    }

    /// Writes a line to the job's log, which clients read. At most 10,000 lines of 8 KiB an attempt.
    public func log(_ level: LogLevel, _ message: String, operatorName: String? = nil, details: JSON? = nil) {
        journal.log(level, message, operatorName: operatorName, details: details?.serialized())
    }

    private static func number(_ value: Double) -> JSON {
        value == value.rounded() && abs(value) < 9e15 ? .int(Int64(value)) : .double(value)
    }
}

/// Another attempt owns the job, or it has ended.
public struct Superseded: Error, CustomStringConvertible {
    /// A sentence for people.
    public var description: String { "another attempt owns this job" }
}
