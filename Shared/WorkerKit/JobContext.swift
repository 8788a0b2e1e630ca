import Concurrency
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
        var progress = ProgressReport()
        var epoch: Int32
    }

    let running: RunningJob
    private let recorder: Recorder
    let journal: JobJournal
    private let vault: SpecVault
    /// Lets one of the worker's own writes in at a time.
    let writing = Permits(count: 1)
    /// The checkpoint that this attempt began with.
    private let start: Int32?
    private let state: Mutex<State>

    init(running: RunningJob, recorder: Recorder, journal: JobJournal, files: JobFiles, vault: SpecVault) {
        let claim = running.claim
        job = claim.id
        namespace = claim.namespace
        attempt = claim.attempt
        parallelism = claim.parallelism
        self.files = files
        self.running = running
        self.recorder = recorder
        self.journal = journal
        self.vault = vault
        start = claim.checkpoint?.epoch
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

    /// The entries of finished work that belong to the checkpoint that this attempt goes on from, in the order in which they were
    /// saved; none for a fresh start.
    ///
    /// - Throws: `DecodingError` when one was written in another form.
    public func finished<Entry: Decodable & Sendable>(as type: Entry.Type) async throws -> [Entry] {
        guard let start else { return [] }
        var entries: [Entry] = []
        var position: (epoch: Int32, number: Int32) = (0, 0)
        while true {
            let page = try await files.patiently { [position] in
                try await files.store.checkpointEntries(of: job, upTo: start, after: position, limit: Self.entriesPage)
            }
            for entry in page { entries.append(try JSON.parse(entry.entry).decode(type)) }
            guard let last = page.last, page.count == Self.entriesPage else { return entries }
            position = (last.epoch, last.number)
        }
    }

    private static let entriesPage = 500

    /// Saves a point from which a later attempt can go on; returns when it is committed.
    ///
    /// A job that finishes one piece of work after the other gives each to one checkpoint only, as `finished`: the entries of all
    /// checkpoints together are what a later attempt goes on from, so that saving costs the same for the last piece as for the first.
    ///
    /// - Parameters:
    ///   - checkpoint: the state, as a whole.
    ///   - finished: what was finished since the last checkpoint.
    ///   - operators: the sizes of the operators' parts of the state in bytes, by name.
    /// - Throws: `Superseded` when another attempt owns the job.
    public func save(
        checkpoint: some Encodable, finished: [any Encodable & Sendable] = [],
        operators: [(name: String, bytes: Int)] = []
    ) async throws {
        var extras = CheckpointExtras()
        extras.startedAt = Date()
        extras.entries = try finished.map { try JSON.encode($0).serialized() }
        if !operators.isEmpty {
            var sizes = JSONObject()
            for (name, bytes) in operators { sizes[name] = .int(Int64(bytes)) }
            extras.operators = JSON.object(sizes).serialized()
        }
        let bytes = try JSON.encode(checkpoint).serialized()
        let epoch = state.withLock { state in
            state.epoch += 1
            return state.epoch
        }
        let record = Record.checkpoint(running.fence, epoch: epoch, state: bytes, extras)
        guard try await recorder.write(record) != .superseded else {
            running.stop(.superseded)
            throw Superseded()
        }
        state.withLock { $0.checkpoint = (epoch, bytes) }
    }

    /// The registered job types, for what this job submits. They seal secrets only where its own type has some, too.
    public func types() async throws -> TypeCatalogue {
        TypeCatalogue(try await files.patiently { try await files.store.types() }.types, vault: vault)
    }

    /// Whether nothing was done of this job before this attempt.
    var isFromStart: Bool { attempt == 1 && start == nil }

    /// What this attempt has counted and done itself.
    var units: (name: String, done: Double)? { state.withLock(\.progress.units) }

    /// Says that earlier attempts have done so many units already, so that the speed of this one is told from its own.
    public func goOn(from carried: Double) { state.withLock { $0.progress.carried = carried } }

    /// Says how far the job is. Within an attempt `completed`, `percent` and `iteration` never fall: a smaller value is shown as the
    /// largest so far.
    ///
    /// - Parameters:
    ///   - completed: how much is done, in `unit`s.
    ///   - total: how much there is, when it is known.
    ///   - unit: what is counted, in the plural: `pages`.
    ///   - iteration: the round that a job in rounds is in, from 1, and how many there will be.
    ///   - phase: what the job does now, in a word or two; stays until another one is given.
    ///   - numbers: more numbers that belong to the type.
    public func report(
        completed: Double, total: Double?, unit: String, iteration: (number: Int, total: Int?)? = nil,
        phase: String? = nil, numbers: [(name: String, value: JSON)] = []
    ) {
        // Under the lock as far as into the journal: of two reports at a time, the later one must not be overtaken.
        state.withLock { state in
            let progress = state.progress.update(
                completed: completed, total: total, unit: unit, iteration: iteration, phase: phase, numbers: numbers)
            journal.report(phase: phase, progress: progress)
        }
    }
}

/// Another attempt owns the job, or it has ended.
public struct Superseded: Error, CustomStringConvertible {
    /// A sentence for people.
    public var description: String { "another attempt owns this job" }
}
