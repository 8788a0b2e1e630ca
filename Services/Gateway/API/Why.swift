import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /jobs/{id}/why`: one sentence on why the job is where it is, with its facts.
    func explainJob(_ call: Call) async throws -> HTTPResponse {
        let id = try await jobID(call)
        guard let job = try await reader.job(id, namespace: call.namespace),
            let facts = try await store.waitFacts(job)
        else { throw Problem.notFound("job") }
        var surroundings = Surroundings(now: facts.now)
        if job.status == .queued {
            let rules = rules.current
            surroundings.pause = rules.pauses[job.type]
            surroundings.figures = try await store.queueFigures().first { $0.counts.type == job.type }
            surroundings.isBrokerReachable = dispatcher.isBrokerReachable
            if !rules.limits.isEmpty, facts.dispatchedAt == nil {
                let state = try await store.limitUse()
                let ledger = LimitLedger(rules.limits, uses: state.uses, buckets: state.buckets, now: state.now)
                surroundings.obstacle =
                    LimitSubject.of(type: job.type, namespace: job.namespace, key: facts.concurrencyKey)
                    .lazy.compactMap { subject in ledger.obstacle(subject).map { (subject, $0) } }.first
            }
        }
        if job.status == .scheduled, job.dueAt == nil {
            surroundings.needs = try await store.openDependencies(of: id)
        }
        let explanation = Explanation(job, facts, surroundings)
        return HTTPResponse(explanation)
    }
}

/// What is around a waiting job.
struct Surroundings: Sendable {
    let now: Date
    var pause: QueuePause?
    /// The last measurement of its queue.
    var figures: QueueFigures?
    var isBrokerReachable = true
    /// The jobs that it waits for, some of them and their number.
    var needs: (first: [Dependency], count: Int) = ([], 0)
    /// The first limit that has no place for it.
    var obstacle: (subject: LimitSubject, LimitLedger.Obstacle)?
}
