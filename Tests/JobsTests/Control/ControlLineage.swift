import Crypto
import Foundation

@testable import Jobs

/// One interleaving: a job, and the jobs that were made from it.
struct Lineage: Sendable {
    /// What a step asks of the store.
    enum Request: Sendable {
        case submit(UUID, isScheduled: Bool)
        case release(UUID)
        case claim(UUID)
        case expire(UUID)
        case write(Record)
        case stop(UUID, Wish, seconds: Int)
        case repetition(RepeatSource, Repetition)
    }

    /// What the store did otherwise than the model.
    struct Failure: Sendable {
        let step: Int
        let expected: String
        let found: String
    }

    private static let maxJobs = 5

    private(set) var jobs: [JobModel] = []
    private(set) var steps: [Step] = []
    var failure: Failure?
    /// Steps to follow; made up on the way where there are none.
    private let script: [Step]?
    private var random: Generator
    private var lastValue = 0
    /// The jobs that the last step is about.
    private(set) var touched: [Int] = []

    init(seed: UInt64) {
        random = Generator(state: seed)
        script = nil
    }

    init(script: [Step]) {
        random = Generator(state: 0)
        self.script = script
    }

    var isOver: Bool { failure != nil || script.map { steps.count >= $0.count } == true }

    /// Chooses the next step, and brings the model to where it leads.
    ///
    /// - Returns: what to ask of the store, and what it must answer.
    mutating func advance() -> (request: Request, expected: String) {
        let step = script?[steps.count] ?? choose()
        steps.append(step)
        guard !jobs.isEmpty else { return begin(step) }
        let index = max(0, jobs.count - 1 - step.target)
        touched = [index]
        let id = jobs[index].id
        switch step.action {
        case .submit: return (.release(id), "")
        case .release:
            jobs[index].release()
            return (.release(id), "")
        case .claim: return (.claim(id), jobs[index].claim())
        case .expire:
            jobs[index].expire()
            return (.expire(id), "")
        case .heartbeat(let offset):
            let answer = jobs[index].owns(offset) ? jobs[index].heartbeat() : "superseded"
            return (.write(.heartbeat(fence(index, offset), lease: .seconds(3600))), answer)
        case .progress(let offset):
            return (
                .write(.progress(fence(index, offset), phase: nil, progress: Array(text: "{}"))),
                write(index, offset) { $0.progress() }
            )
        case .checkpoint(let offset, let distance):
            lastValue += 1
            let (epoch, value) = ((jobs[index].newest ?? 0) + distance, lastValue)
            return (
                .write(.checkpoint(fence(index, offset), epoch: epoch, state: Array(text: #"{"v":\#(value)}"#))),
                write(index, offset) { $0.save(epoch, value) }
            )
        case .end(let offset, let kind):
            let ending = Step.endings[kind]
            return (.write(.outcome(fence(index, offset), ending)), write(index, offset) { $0.end(ending) })
        case .stop(let wish, let seconds):
            return (.stop(id, wish, seconds: seconds), jobs[index].stop(wish, seconds: seconds))
        case .retry: return again(index, .retry)
        case .rerun: return again(index, .rerun)
        case .restart(let back):
            // Where there is no checkpoint to count from, one is named that does not exist.
            let epoch = back.map { back in jobs[index].newest.map { $0 - back } ?? 77 }
            return again(index, .restart(checkpoint: epoch, parallelism: nil))
        }
    }

    private mutating func choose() -> Step {
        guard let job = jobs.last else {
            return Step(action: .submit(isScheduled: Int.random(in: 0..<4, using: &random) == 0))
        }
        return Step.next(job.status, earlier: jobs.count - 1, using: &random)
    }

    private mutating func begin(_ step: Step) -> (Request, String) {
        var isScheduled = false
        if case .submit(true) = step.action { isScheduled = true }
        let job = JobModel(id: UUIDv7.generate(), status: isScheduled ? .scheduled : .queued)
        jobs = [job]
        touched = [0]
        return (.submit(job.id, isScheduled: isScheduled), "")
    }

    private func fence(_ index: Int, _ offset: Int32) -> Fence {
        Fence(job: jobs[index].id, attempt: jobs[index].attempt + offset)
    }

    private mutating func write(_ index: Int, _ offset: Int32, _ change: (inout JobModel) -> Void) -> String {
        guard jobs[index].owns(offset) else { return "superseded" }
        change(&jobs[index])
        return "written"
    }

    private mutating func again(_ index: Int, _ repetition: Repetition) -> (Request, String) {
        let source = RepeatSource(jobs[index].id, as: UUIDv7.generate())
        // Enough is enough: a claim instead, which is right in any status.
        guard jobs.count < Self.maxJobs else { return (.claim(jobs[index].id), jobs[index].claim()) }
        let expected = repeated(index, repetition)
        if expected == "created" {
            var new = JobModel(
                id: source.newID, status: .queued,
                checkpoint: repetition == .rerun ? nil : jobs[index].checkpoint(epoch(index, repetition)))
            new.isResumed = true
            jobs.append(new)
            touched.append(jobs.count - 1)
        }
        return (.repetition(source, repetition), expected)
    }

    private func epoch(_ index: Int, _ repetition: Repetition) -> Int32? {
        if case .restart(let epoch?, _) = repetition { epoch } else { jobs[index].newest }
    }

    private mutating func repeated(_ index: Int, _ repetition: Repetition) -> String {
        switch repetition {
        case .retry: return jobs[index].retry() ? "created" : "no"
        case .rerun: return jobs[index].status.isTerminal ? "created" : "no"
        case .restart(let epoch, _):
            if let epoch, jobs[index].checkpoints[epoch] == nil { return "unknown checkpoint" }
            if jobs[index].isLive, jobs[index].wish != .cancel { _ = jobs[index].stop(.force, seconds: 0) }
            guard jobs[index].status.isTerminal else { return "refused \(jobs[index].status.rawValue)" }
            return "created"
        }
    }
}
