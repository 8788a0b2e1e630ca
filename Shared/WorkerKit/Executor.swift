import Foundation
import JSON
import Jobs
import Postgres
import Telemetry

/// Runs one claimed job to its end: decode, perform, judge, record. Nothing here knows the broker.
struct Executor<W: Worker>: Sendable {
    let worker: W
    /// The schema of the specs that this build's worker reads.
    let schema: JSONSchema
    let policy: JobPolicy
    let recorder: Recorder
    let files: @Sendable (Claim) -> JobFiles
    let log: Logger
    /// What opens the secrets of specs.
    var vault = SpecVault()
    /// Where the durations of completed jobs go.
    var durations: Durations?

    /// Runs the job and writes its end; returns when the end is committed or another attempt owns the job.
    func execute(_ running: RunningJob) async {
        let journal = JobJournal(fence: running.fence, recorder: recorder)
        let context = JobContext(
            running: running, recorder: recorder, journal: journal, files: files(running.claim), vault: vault)
        let start = ContinuousClock.now
        var ending = await perform(running, context)
        let time = ContinuousClock.now - start
        if let progress = await journal.finish() {
            ending.phase = progress.phase
            ending.progress = progress.json
        }
        guard running.takeEnd(), await record(ending, of: running), ending.status == .completed else { return }
        durations?.note(time, isWhole: context.isFromStart, units: context.units)
    }

    /// Ends an execution that did not end by itself; what its code still does is fenced off.
    func abandon(_ running: RunningJob) async {
        guard running.takeEnd() else { return }
        log.warning("execution abandoned", running.fields)
        // The job has its end already, or another attempt has the job: there is nothing to write, and nothing to wait for.
        if running.stopReason == .superseded { return WorkerMetrics.superseded.add() }
        WorkerMetrics.abandoned.add()
        await record(
            judge(JobFailure(code: "abandoned", message: "The execution did not end in time."), running), of: running)
    }

    private func perform(_ running: RunningJob, _ context: JobContext) async -> Ending {
        do {
            let input: W.Input
            do {
                input = try read(running.claim)
            } catch let error as SpecVaultError {
                // Another worker may have the key, and so may this one after a restart.
                return judge(JobFailure(code: "sealed_spec", message: "\(error)"), running)
            } catch {
                return rejected(JobFailure(code: "invalid_spec", message: "The spec cannot be read: \(error)"))
            }
            return try judge(await worker.perform(input, in: context), running)
        } catch {
            return judge(error, running)
        }
    }

    /// A job may have been taken in before this build came: what its schema has gained since has its default.
    private func read(_ claim: Claim) throws -> W.Input {
        let spec = try vault.open(JSON.parse(claim.spec), by: schema, namespace: claim.namespace)
        do {
            return try spec.decode(W.Input.self)
        } catch is DecodingError {
            return try schema.applyingDefaults(to: spec).decode(W.Input.self)
        }
    }

    private func judge(_ outcome: Outcome<W.Output>, _ running: RunningJob) throws -> Ending {
        switch outcome {
        case .done(let output):
            var ending = Ending(status: .completed, kind: "completed")
            ending.result = try JSON.encode(output).serialized()
            return ending
        case .reject(let failure):
            return rejected(failure)
        case .snooze(let delay, let reason):
            var ending = Ending(status: .scheduled, kind: "snoozed")
            ending.dueIn = delay
            ending.error = JobFailure(code: "snoozed", message: reason).json
            return ending
        case .stopped:
            // Its own way out is no way around the timeout: that would be a job that runs for ever.
            return running.stopReason == .timedOut ? timedOut(running) : stopped(running.stopReason)
        }
    }

    private func judge(_ error: any Error, _ running: RunningJob) -> Ending {
        switch running.stopReason {
        case .cancelled, .stopped, .draining, .superseded: stopped(running.stopReason)
        case .timedOut: timedOut(running)
        // Its task was not cancelled, so the error is its own.
        case .checkpoint, nil: failed(JobFailure(error), running)
        }
    }

    private func timedOut(_ running: RunningJob) -> Ending {
        failed(
            JobFailure(
                code: "timed_out",
                message: "The attempt ran longer than its timeout of \(running.claim.timeoutSeconds) s."), running)
    }

    private func stopped(_ reason: StopReason?) -> Ending {
        switch reason {
        case .cancelled: Ending(status: .cancelled, kind: "cancelled")
        case .checkpoint, .stopped: Ending(status: .stopped, kind: "stopped")
        case .timedOut, .draining, .superseded, nil: Ending(status: .queued, kind: "handed_back")
        }
    }

    private func rejected(_ failure: JobFailure) -> Ending {
        var ending = Ending(status: .failed, kind: "failed")
        ending.error = failure.json
        ending.countsAsFailure = true
        return ending
    }

    private func failed(_ failure: JobFailure, _ running: RunningJob) -> Ending {
        let failures = running.claim.failures + 1
        guard failures < running.claim.maxAttempts else { return rejected(failure) }
        var ending = Ending(status: .scheduled, kind: "retrying")
        ending.error = failure.json
        ending.countsAsFailure = true
        ending.dueIn = policy.backoff.delay(afterFailures: failures)
        return ending
    }

    private static var unstorable: String { "unstorable" }

    /// - Returns: whether this end is the one that was written.
    @discardableResult
    private func record(_ ending: Ending, of running: RunningJob) async -> Bool {
        var ending = ending
        while true {
            do {
                if try await recorder.write(.outcome(running.fence, ending)) == .superseded {
                    WorkerMetrics.superseded.add()
                    log.warning("outcome dropped: another attempt owns the job", running.fields)
                    return false
                }
                WorkerMetrics.ended.add(1, ending.kind)
                return ending.kind != Self.unstorable
            } catch  where ending.progress != nil || ending.phase != nil {
                // The progress goes with the end only to save a write; it must not cost the result.
                WorkerMetrics.lostJournalEntries.add()
                ending.progress = nil
                ending.phase = nil
            } catch  where ending.kind != Self.unstorable {
                log.error("outcome cannot be stored", running.fields.appending(["error": .error(error)]))
                var replacement = Ending(status: .failed, kind: Self.unstorable)
                replacement.error =
                    JobFailure(
                        code: "unstorable_result", message: "The result cannot be stored in the database."
                    ).json
                ending = replacement
            } catch {
                log.error("outcome lost; the lease will end", running.fields.appending(["error": .error(error)]))
                return false
            }
        }
    }
}
