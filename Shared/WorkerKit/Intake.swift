import AMQP
import Concurrency
import Foundation
import Jobs
import Synchronization
import Telemetry

/// Turns commands into claimed jobs: claim, commit, acknowledge.
///
/// Order of effects, and what a crash between two of them does:
/// 1. A command arrives and stays unacknowledged. Crash: the broker hands it to another worker.
/// 2. A stranger's command is validated and its job inserted. Crash: the command comes again and finds its row.
/// 3. The job is claimed and the claim committed. Crash: the lease ends and the reaper queues the job again; the command comes
///    again, finds the job running, and is dropped as stale.
/// 4. The command is acknowledged. From here the lease alone protects the job, so no time limit of the broker can hit it.
///
/// A command waits here only while every slot is taken. When the last slot is taken the consumer is paused before the
/// acknowledgement is sent, so the broker keeps the rest; what had already come and waits longer than `patience` goes back to
/// the dispatcher, so no command sits behind a long job.
///
/// A job that would be set aside at its next crash is a suspect. Suspects run one at a time in each process: if one kills the
/// process again, no other suspect dies with it and is counted as guilty. A single crash makes no suspects: after a power cut
/// every job that ran has one, and they must not queue up behind each other.
final class Intake: Sendable {
    private struct State {
        var waiting: [(delivery: Delivery, since: ContinuousClock.Instant)] = []
        var free: Int
        var isClaiming = false
        /// Suspects that run; one more may be among what is being claimed.
        var suspects: Set<Fence> = []
        var isClaimingSuspect = false
        var isPaused = false
        /// An operator has drained the worker: it takes nothing until it is resumed.
        var isSuspended = false
        var isClosed = false
    }

    private static let patience: Duration = .milliseconds(500)
    /// A suspect waits for another one, not for a slot, and no other process would run it sooner.
    private static let suspectPatience: Duration = .seconds(10)

    private let state: Mutex<State>
    private let wakeup = Wakeup()
    private let consumer: Consumer
    private let claimer: Claimer
    private let prefetch: Int
    private let suspectFrom: Int

    init(slots: Int, prefetch: Int, suspectFrom: Int, consumer: Consumer, claimer: Claimer) {
        state = Mutex(State(free: slots))
        self.prefetch = prefetch
        self.suspectFrom = suspectFrom
        self.consumer = consumer
        self.claimer = claimer
    }

    /// Takes what the consumer brings.
    func offer(_ deliveries: [Delivery]) {
        let now = ContinuousClock.now
        state.withLock { $0.waiting.append(contentsOf: deliveries.map { ($0, now) }) }
        wakeup.signal()
    }

    /// An execution has ended.
    func release(_ claim: Claim) {
        state.withLock { state in
            state.free += 1
            state.suspects.remove(Fence(job: claim.id, attempt: claim.attempt))
        }
        wakeup.signal()
    }

    /// Whether a batch is being claimed; what comes of it is started before this turns false.
    var isClaiming: Bool { state.withLock(\.isClaiming) }

    /// Takes nothing more until `resume`; what waits goes back to the dispatcher, for other workers.
    func suspend() {
        state.withLock { state in
            state.isSuspended = true
            state.isPaused = true
        }
        consumer.pause()
        wakeup.signal()
    }

    /// Takes commands again after `suspend`.
    func resume() {
        state.withLock { $0.isSuspended = false }
        wakeup.signal()
    }

    /// Takes nothing more; what waits goes back to the broker when the connection closes.
    func close() {
        state.withLock { $0.isClosed = true }
        consumer.pause()
        wakeup.signal()
    }

    /// Claims whenever there are commands and slots, and starts what it claimed, until cancelled.
    func run(start: @escaping @Sendable (Claim) -> Void) async {
        do {
            while !Task.isCancelled {
                let batch = take()
                if batch.isEmpty {
                    try await giveBackImpatient()
                    resumeIfFree()
                    await wakeup.wait(upTo: Self.patience)
                } else {
                    try await claim(batch, start: start)
                }
            }
        } catch {
            // Cancelled: what is in hand is not acknowledged, and comes again.
        }
        state.withLock { $0.isClaiming = false }
    }

    private func take() -> [Delivery] {
        state.withLock { state in
            guard !state.isClosed, !state.isSuspended, state.free > 0, !state.waiting.isEmpty else { return [] }
            var batch: [Delivery] = []
            var rest: [(delivery: Delivery, since: ContinuousClock.Instant)] = []
            for entry in state.waiting {
                let isSuspect = isSuspect(entry.delivery)
                let mustWait = isSuspect && (state.isClaimingSuspect || !state.suspects.isEmpty)
                if batch.count < state.free, !mustWait {
                    batch.append(entry.delivery)
                    if isSuspect { state.isClaimingSuspect = true }
                } else {
                    rest.append(entry)
                }
            }
            state.waiting = rest
            state.free -= batch.count
            state.isClaiming = !batch.isEmpty
            return batch
        }
    }

    private func isSuspect(_ delivery: Delivery) -> Bool { Command.crashes(delivery.message) >= suspectFrom }

    private func claim(_ batch: [Delivery], start: @Sendable (Claim) -> Void) async throws(CancellationError) {
        let claims = try await claimer.claim(batch)
        let mustPause = state.withLock { state in
            state.free += batch.count - claims.count
            // The row tells the crashes; the command's own count may be of an earlier attempt.
            state.suspects.formUnion(
                claims.filter { $0.crashes >= suspectFrom }.map { Fence(job: $0.id, attempt: $0.attempt) })
            state.isClaimingSuspect = false
            guard state.free == 0, !state.isPaused else { return false }
            state.isPaused = true
            return true
        }
        if mustPause { consumer.pause() }
        consumer.settle(batch.map { ($0, .acknowledge) })
        for claim in claims { start(claim) }
        state.withLock { $0.isClaiming = false }
    }

    private func resumeIfFree() {
        let mustResume = state.withLock { state in
            guard state.isPaused, !state.isClosed, !state.isSuspended, state.free > 0, state.waiting.isEmpty else {
                return false
            }
            state.isPaused = false
            return true
        }
        if mustResume { consumer.resume(prefetch: prefetch) }
    }

    private func giveBackImpatient() async throws(CancellationError) {
        let now = ContinuousClock.now
        let impatient = state.withLock { state -> [Delivery] in
            guard !state.isClosed else { return [] }
            let isSuspended = state.isSuspended
            let isOver = { (delivery: Delivery, since: ContinuousClock.Instant) in
                isSuspended || now - since >= (self.isSuspect(delivery) ? Self.suspectPatience : Self.patience)
            }
            let overdue = state.waiting.filter(isOver).map(\.delivery)
            state.waiting.removeAll(where: isOver)
            return overdue
        }
        guard !impatient.isEmpty else { return }
        try await claimer.giveBack(impatient)
        consumer.settle(impatient.map { ($0, .acknowledge) })
    }
}
