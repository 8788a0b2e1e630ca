import Crypto
import Foundation
import Postgres

/// What is done to every job that a filter finds.
public enum BulkAction: Sendable {
    /// Ends them; see `JobStore.stop`.
    case stop(Wish, timeout: Duration?)
    /// Retries what did not succeed; each job once.
    case retry
    /// Starts them anew; each job once for this key.
    case rerun(key: String)

    /// The statuses of jobs that it can change.
    public var sources: [JobStatus] {
        switch self {
        case .stop: Transition.cancel.sources + Transition.requestStop.sources
        case .retry: Repetition.retry.sources
        case .rerun: Repetition.rerun.sources
        }
    }
}

/// What one batch came to.
public struct BulkResult: Sendable {
    /// How many jobs of the batch the filter found.
    public let matched: Int
    /// How many of them were changed, or repeated.
    public let changed: Int
    /// The cursor of the next batch; nil when this was the last.
    public let next: UUID?
    /// The requests that running workers are to be sent.
    public let requests: [ControlRequest]
}

/// The same action over all jobs that a filter finds.
///
/// One call does one batch, from the newest job to the oldest, and answers where the next one goes on: no transaction is larger than
/// a batch, and jobs that are made meanwhile are not met. Each job is judged by its own action's rules, so a batch that is
/// repeated (its answer was lost, or the caller begins anew) changes nothing twice: what has ended stays, a job is retried once, and a
/// key names one rerun of each.
extension JobStore {
    /// How many jobs an action would meet; counts no further than `limit`.
    public func count(
        _ filter: JobFilter, for action: BulkAction, namespace: String, limit: Int, timeout: Duration = .seconds(5)
    ) async throws -> Int {
        var filter = filter
        filter.limit = limit
        return try await ids(filter, for: action, namespace: namespace, timeout: timeout).count
    }

    /// Does the next batch: at most `filter.limit` jobs, that come after the cursor `filter.after`.
    public func apply(
        _ action: BulkAction, to filter: JobFilter, namespace: String, reason: String?, timeout: Duration = .seconds(5)
    ) async throws -> BulkResult {
        let ids = try await ids(filter, for: action, namespace: namespace, timeout: timeout)
        let next = ids.count == filter.limit ? ids.last : nil
        switch action {
        case .stop(let wish, let timeout):
            let results = try await stop(ids, namespace: namespace, wish, timeout: timeout, reason: reason)
            return BulkResult(
                matched: ids.count, changed: results.count(where: \.isChanged), next: next,
                requests: zip(ids, results).compactMap { $1.outcome.request(for: $0) })
        case .retry:
            let made = try await `repeat`(
                ids.map { RepeatSource($0, as: UUIDv7.generate()) }, namespace: namespace, .retry, reason: reason)
            return BulkResult(matched: ids.count, changed: made.count, next: next, requests: [])
        case .rerun(let key):
            let sources = ids.map { id in
                // Below the client's key, with a separator that no header can hold.
                RepeatSource(
                    id, as: UUIDv7.generate(), idempotency: ("\(key)\u{1F}\(id.text)", sha256("rerun \(id.text)")))
            }
            let made = try await `repeat`(sources, namespace: namespace, .rerun, reason: reason)
            return BulkResult(matched: ids.count, changed: made.count, next: next, requests: [])
        }
    }

    /// The newest jobs that the action can change; found as a list finds its page.
    private func ids(
        _ filter: JobFilter, for action: BulkAction, namespace: String, timeout: Duration
    ) async throws -> [UUID] {
        var filter = filter
        filter.statuses = action.sources.filter { filter.statuses.isEmpty || filter.statuses.contains($0) }
        guard !filter.statuses.isEmpty else { return [] }
        return try await self.ids(filter, namespace: namespace, timeout: timeout)
    }
}

extension StopOutcome {
    /// What the worker of the job is to be told; nil when nobody needs to know.
    public func request(for job: UUID) -> ControlRequest? {
        switch self {
        case .asked(let wanted): .job(job, wanted)
        case .done(abandoned: true): .job(job, Wanted(.force, within: .zero))
        case .done(abandoned: false), .ended, .unknown: nil
        }
    }
}
