import Foundation
import Jobs
import Synchronization

/// One execution in this process: its fence, its deadline, and why it should end.
final class RunningJob: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var stopReason: StopReason?
        var abandonAt: ContinuousClock.Instant?
        var isAbandoned = false
        var hasEnded = false
    }

    let claim: Claim
    let fence: Fence
    let deadline: ContinuousClock.Instant
    private let grace: Duration
    private let state = Mutex(State())

    init(_ claim: Claim, grace: Duration) {
        self.claim = claim
        self.fence = Fence(job: claim.id, attempt: claim.attempt)
        self.deadline = .now + .seconds(claim.timeoutSeconds)
        self.grace = grace
    }

    var stopReason: StopReason? { state.withLock(\.stopReason) }

    /// Sets the task that runs it; cancels it when it was asked to end before it began.
    func started(_ task: Task<Void, Never>) {
        let mustStop = state.withLock { state in
            state.task = task
            return state.isAbandoned || state.stopReason?.endsTask == true
        }
        if mustStop { task.cancel() }
    }

    /// Asks the execution to end within a time, by default its grace period. A stronger reason takes the place of a weaker one, and
    /// the nearest time stays.
    func stop(_ reason: StopReason, within limit: Duration? = nil) {
        let task = state.withLock { state -> Task<Void, Never>? in
            let current = state.stopReason?.strength ?? 0
            guard reason.strength >= current else { return nil }
            let time = ContinuousClock.now + (reason == .superseded ? .zero : limit ?? grace)
            // A reason of the same strength may bring the end nearer, and changes nothing else.
            state.abandonAt = state.abandonAt.map { min($0, time) } ?? time
            guard reason.strength > current else { return nil }
            state.stopReason = reason
            return reason.endsTask ? state.task : nil
        }
        task?.cancel()
    }

    /// Asks for what somebody wants of the job.
    func stop(_ wanted: Wanted) { stop(StopReason(wanted.wish), within: wanted.within) }

    /// Whether it was asked to end longer ago than it may take; true once. Its task is cancelled, if it was not before.
    func takeOverdue(at now: ContinuousClock.Instant) -> Bool {
        let (isOverdue, task) = state.withLock { state -> (Bool, Task<Void, Never>?) in
            guard !state.isAbandoned, let time = state.abandonAt, time <= now else { return (false, nil) }
            state.isAbandoned = true
            // The time to finish the unit is over: however it ends now, it ends because it was cut off.
            if state.stopReason == .checkpoint { state.stopReason = .stopped }
            return (true, state.task)
        }
        task?.cancel()
        return isOverdue
    }

    /// True for exactly one caller: the one that may write the end and free the slot.
    func takeEnd() -> Bool {
        state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
    }
}

/// The executions of this process, by job.
final class RunningJobs: Sendable {
    private let jobs = Mutex<[Fence: RunningJob]>([:])

    var all: [RunningJob] { jobs.withLock { Array($0.values) } }
    var count: Int { jobs.withLock(\.count) }

    func add(_ job: RunningJob) { jobs.withLock { $0[job.fence] = job } }

    /// Removes this execution; false when it was removed before. A newer one of the same job stays.
    func remove(_ job: RunningJob) -> Bool {
        jobs.withLock { $0.removeValue(forKey: job.fence) != nil }
    }

    /// Whether this attempt runs here.
    func contains(_ fence: Fence) -> Bool { jobs.withLock { $0[fence] != nil } }

    /// The executions of a job: two while a superseded one has not ended yet.
    func executions(of id: UUID) -> [RunningJob] { jobs.withLock { $0.values.filter { $0.fence.job == id } } }
}
