import Concurrency
import Foundation
import Jobs
import ServiceKit
import Synchronization
import Telemetry

/// Keeps this worker in the registry, and does what an operator wants of it as a whole: drain or resume.
///
/// What is wanted stands in the worker's row, and the answer to each heartbeat tells it; a message on the control exchange only
/// makes the next heartbeat come at once. Order of effects of a drain:
/// 1. The wish is committed. A crash of the gateway now costs the wait for the next heartbeat.
/// 2. The worker takes nothing more, and what it had not claimed yet goes back to the dispatcher.
/// 3. Its jobs may finish for half of `SWITCHYARD_DRAIN`; those that are left save a checkpoint and are handed back, which burns
///    no attempt; those that do not even do that are abandoned and handed back. A crash in between is any crash: leases end.
/// 4. The worker is `drained`. Its process stays: one that ended would be started again by whatever watches over it, and
///    take jobs again behind the operator's back. It takes jobs again when it is resumed or its process is started anew.
final class Presence: Sendable {
    private static let interval: Duration = .seconds(3)
    private static let farewell: Duration = .seconds(2)

    private let store: JobStore
    private let log: Logger
    private let running: RunningJobs
    private let record: WorkerRecord
    private let state = Mutex((now: WorkerState.active, isLeaving: false))
    private let wakeup = Wakeup()

    init(_ record: WorkerRecord, store: JobStore, running: RunningJobs, log: Logger) {
        self.record = record
        self.store = store
        self.running = running
        self.log = log
    }

    /// The name under which the registry and the jobs know this worker.
    var id: String { record.id }

    /// Sends the next heartbeat at once.
    func hurry() { wakeup.signal() }

    /// The process is about to end: wishes are heard no more.
    func leave() {
        state.withLock { $0 = (.draining, true) }
        wakeup.signal()
    }

    /// Sends heartbeats and follows their answers, until cancelled.
    ///
    /// - Parameters:
    ///   - drain: takes nothing more and returns when no job is left; stops early when its task is cancelled.
    ///   - resume: takes commands again.
    func run(drain: @escaping @Sendable () async -> Void, resume: @escaping @Sendable () -> Void) async {
        var draining: Task<Void, Never>?
        var isHeard = true
        while !Task.isCancelled {
            do {
                let wanted = try await beat()
                isHeard = true
                switch (wanted, state.withLock { $0.isLeaving ? .gone : $0.now }) {
                case (.drained, .active):
                    enter(.draining)
                    draining = Task {
                        await drain()
                        if !Task.isCancelled { enter(.drained) }
                    }
                    continue
                case (.active, .draining), (.active, .drained):
                    draining?.cancel()
                    await draining?.value
                    resume()
                    enter(.active)
                    continue
                default: break
                }
            } catch {
                if isHeard, !Task.isCancelled { log.warning("the registry is not reached", ["error": .error(error)]) }
                isHeard = false
            }
            await wakeup.wait(upTo: Self.interval)
        }
        draining?.cancel()
        await draining?.value
    }

    /// Tells the registry that the process ends. A registry that does not answer in time finds out by itself.
    func end() async {
        do {
            try await withTimeout(Self.farewell) { [store, record] in try await store.end(worker: record.id) }
        } catch {
            log.info("the registry will notice the end by itself", ["error": .error(error)])
        }
    }

    private func beat() async throws -> WorkerState {
        var record = record
        record.running = running.count
        record.state = state.withLock(\.now)
        return try await store.beat(record)
    }

    private func enter(_ new: WorkerState) {
        state.withLock { if !$0.isLeaving { $0.now = new } }
        WorkerMetrics.isDrained.set(new == .active ? 0 : 1)
        log.info("worker is \(new.rawValue)", ["running": .int(running.count)])
        wakeup.signal()
    }
}
