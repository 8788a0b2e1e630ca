import AMQP
import Concurrency
import Foundation
import Jobs
import Telemetry

/// Looks after the jobs that run in this process: renews their leases, ends those that are over their time, and passes on what
/// somebody wants of them.
struct Watch: Sendable {
    let running: RunningJobs
    let recorder: Recorder
    let lease: Duration
    let log: Logger
    /// Wakes whoever applies the time limits: an execution is to be given up at once.
    private let hurry = Wakeup()

    init(running: RunningJobs, recorder: Recorder, lease: Duration, log: Logger) {
        self.running = running
        self.recorder = recorder
        self.lease = lease
        self.log = log
    }

    /// Renews the leases three times within each, until cancelled. The answers carry what is wanted, so that a control message
    /// that was missed costs one heartbeat.
    func renewLeases() async throws {
        while true {
            try await Task.sleep(for: lease / 3)
            await withTaskGroup { group in
                for job in running.all { group.addTask { await renew(job) } }
            }
        }
    }

    private func renew(_ job: RunningJob) async {
        do {
            switch try await recorder.write(.heartbeat(job.fence, lease: lease)) {
            case .written: break
            case .wanted(let wanted): job.stop(wanted)
            case .superseded: job.stop(.superseded)
            }
            if job.stopReason == .superseded { hurry.signal() }
        } catch {
            log.error("heartbeat refused", job.fields.appending(["error": .error(error)]))
        }
    }

    /// Applies timeouts, grace periods and the deadlines of stops, until cancelled. Abandoning writes to the database, and one that
    /// waits for it must not hold up the limits of the others.
    func applyTimeLimits(abandon: @escaping @Sendable (RunningJob) async -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                await hurry.wait(upTo: .milliseconds(500))
                try Task.checkCancellation()
                let now = ContinuousClock.now
                for job in running.all {
                    if job.deadline <= now { job.stop(.timedOut) }
                    if job.takeOverdue(at: now) { group.addTask { await abandon(job) } }
                }
            }
        }
    }

    /// Hears requests from the control exchange.
    func hear(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            guard case .job(let id, let wanted)? = ControlRequest(delivery.message) else { continue }
            for job in running.executions(of: id) { job.stop(wanted) }
            if wanted.wish == .force { hurry.signal() }
        }
    }
}

extension RunningJob {
    /// The fields that every log line about this execution has.
    var fields: LogFields {
        let fields: LogFields = ["job_id": .uuid(claim.id), "attempt": .int(Int(claim.attempt))]
        guard let trace = claim.traceID else { return fields }
        return fields.appending(["trace_id": .string(trace)])
    }
}
