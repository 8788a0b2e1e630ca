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
        var isSuspectRunning = false
        var isPaused = false
        var isClosed = false
    }

    private static let patience: Duration = .milliseconds(500)

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
        let wasSuspect = claim.crashes >= suspectFrom
        state.withLock { state in
            state.free += 1
            if wasSuspect { state.isSuspectRunning = false }
        }
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
        while !Task.isCancelled {
            let batch = take()
            if batch.isEmpty {
                await giveBackImpatient()
                resumeIfFree()
                await wakeup.wait(upTo: Self.patience)
            } else {
                await claim(batch, start: start)
            }
        }
    }

    private func take() -> [Delivery] {
        state.withLock { state in
            guard !state.isClosed, state.free > 0, !state.waiting.isEmpty else { return [] }
            var batch: [Delivery] = []
            var rest: [(delivery: Delivery, since: ContinuousClock.Instant)] = []
            for entry in state.waiting {
                let isSuspect = Command.crashes(entry.delivery.message) >= suspectFrom
                if batch.count < state.free, !(isSuspect && state.isSuspectRunning) {
                    batch.append(entry.delivery)
                    if isSuspect { state.isSuspectRunning = true }
                } else {
                    rest.append(entry)
                }
            }
            state.waiting = rest
            state.free -= batch.count
            return batch
        }
    }

    private func claim(_ batch: [Delivery], start: @Sendable (Claim) -> Void) async {
        let claims = await claimer.claim(batch)
        let tookSuspect = batch.contains { Command.crashes($0.message) >= suspectFrom }
        let mustPause = state.withLock { state in
            state.free += batch.count - claims.count
            if tookSuspect, !claims.contains(where: { $0.crashes >= suspectFrom }) { state.isSuspectRunning = false }
            guard state.free == 0, !state.isPaused else { return false }
            state.isPaused = true
            return true
        }
        if mustPause { consumer.pause() }
        consumer.settle(batch.map { ($0, .acknowledge) })
        for claim in claims { start(claim) }
    }

    private func resumeIfFree() {
        let mustResume = state.withLock { state in
            guard state.isPaused, !state.isClosed, state.free > 0, state.waiting.isEmpty else { return false }
            state.isPaused = false
            return true
        }
        if mustResume { consumer.resume(prefetch: prefetch) }
    }

    private func giveBackImpatient() async {
        let now = ContinuousClock.now
        let impatient = state.withLock { state -> [Delivery] in
            guard !state.isClosed else { return [] }
            let overdue = state.waiting.filter { now - $0.since >= Self.patience }.map(\.delivery)
            state.waiting.removeAll { now - $0.since >= Self.patience }
            return overdue
        }
        guard !impatient.isEmpty else { return }
        await claimer.giveBack(impatient)
        consumer.settle(impatient.map { ($0, .acknowledge) })
    }
}
