import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// Retrying the pull request of work that has succeeded otherwise.
extension Gateway {
    private static let usualWait: Duration = .seconds(30)
    /// How long a workflow with a failed job may take to end, if nothing else of it is under way.
    private static let momentOfEnd: Duration = .seconds(5)

    /// `POST /jobs/{id}/retry-pr`: 200 with the job that has made the pull request, 202 while it is under way, 502 with what the provider says when it
    /// has failed again, 409 unless it is the pull request that has failed, and nothing else.
    ///
    /// A retry is a job of its own, as everywhere; that of a workflow's job comes with a retry of the workflow, so that this too ends as it should.
    func retryPullRequest(_ call: Call) async throws -> HTTPResponse {
        let asked = try await jobID(call)
        let wait = call.duration("wait", upTo: Limits.maxWait) ?? Self.usualWait
        let made = try await audited(call.entry("job.retry_pr", on: "jobs/" + asked.text)) {
            try await retriedPullRequest(asked, call)
        }
        let job = try await job(made, call, after: wait, untilEnded: true)
        let location = [("Location", "/api/v1/jobs/" + made.text)]
        switch job.status {
        case .completed: return HTTPResponse(timed(job), headers: location)
        case .failed: throw try Problem.pullRequestFailed(job, headers: location)
        case .cancelled, .stopped: throw Problem.illegalMove("retry-pr", job.status)
        case .scheduled, .queued, .running, .stopping: return HTTPResponse(timed(job), status: 202, headers: location)
        }
    }

    /// The retry: a new one, or the one that is there already.
    private func retriedPullRequest(_ asked: UUID, _ call: Call) async throws -> UUID {
        let job = try await failedPullRequest(asked, call)
        guard job.status == .failed else {
            guard job.isRetry, job.status == .completed || !job.status.isTerminal else {
                throw Problem.illegalMove("retry-pr", job.status)
            }
            return job.id
        }
        guard let workflow = job.workflow else {
            let source = RepeatSource(job.id, as: UUIDv7.generate())
            switch try await store.repeat(source, namespace: call.namespace, .retry, reason: "retry-pr") {
            case .created(let made):
                dispatcher.lookSoon()
                return made
            case .existing(let made), .conflict(let made): return made
            case .refused(let status): throw Problem.illegalMove("retry-pr", status)
            case .unknown, .unknownCheckpoint: throw Problem.notFound("job")
            }
        }
        return try await retried(workflow, job.id, call)
    }

    /// The pull request's job that is meant: the newest of its line of retries.
    private func failedPullRequest(_ asked: UUID, _ call: Call) async throws -> NewestRetry {
        guard let job = try await store.newestRetry(of: asked, namespace: call.namespace) else {
            throw Problem.notFound("job")
        }
        guard job.type != JobPullRequest.jobType else { return job }
        var steps: [WorkflowStep] = []
        if let id = job.workflow { steps = try await store.workflow(id, namespace: call.namespace)?.steps ?? [] }
        let requests = steps.filter { $0.type == JobPullRequest.jobType }
        let failed = requests.filter { $0.status == .failed }
        let meant = failed.isEmpty ? requests : failed
        guard meant.count == 1, let step = meant.first,
            let newest = try await store.newestRetry(of: step.job, namespace: call.namespace)
        else {
            throw Problem(
                .illegalMove, "The job is no pull request, and it is not clear which one of its workflow is meant.")
        }
        return newest
    }

    /// The workflow of a job that has failed: it ends a moment later, when what waited for the job is cancelled.
    private func ended(_ id: UUID, _ call: Call) async throws -> Workflow? {
        let end = ContinuousClock.now + Self.momentOfEnd
        while true {
            let workflow = try await store.workflow(id, namespace: call.namespace)
            guard workflow?.status == .running, ContinuousClock.now < end else { return workflow }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The job that a retry of the workflow has for one that failed.
    private func retried(_ id: UUID, _ job: UUID, _ call: Call) async throws -> UUID {
        let workflow = try await ended(id, call)
        guard let step = workflow?.steps?.first(where: { $0.job == job }) else { throw Problem.notFound("workflow") }
        if let other = try workflow?.steps?.first(where: { try $0.job != job && !$0.isFine() }) {
            throw Problem(
                .illegalMove,
                "Not only the pull request has failed: \"\(other.name)\" is \(other.status?.rawValue ?? "gone"). Retry the workflow: "
                    + "POST /api/v1/workflows/\(id.text)/retry.")
        }
        let made: UUID
        switch try await store.retryWorkflow(
            id, namespace: call.namespace, as: UUIDv7.generate(), catalogue: try await types.refresh())
        {
        case .created(let new):
            dispatcher.lookSoon()
            made = new
        case .existing(let earlier): made = earlier
        case .refused(let status): throw Problem.illegalMove("retry-pr", status)
        case .unknown: throw Problem.notFound("workflow")
        }
        let steps = try await store.workflow(made, namespace: call.namespace)?.steps
        guard let retry = steps?.first(where: { $0.name == step.name }) else { throw Problem.notFound("workflow") }
        return retry.job
    }
}

extension WorkflowStep {
    /// Whether it has completed, or was only waiting for what has failed.
    fileprivate func isFine() throws -> Bool {
        if status == .completed { return true }
        guard status == .cancelled, let error else { return false }
        return try JSON.parse(error)["code"] == "dependency_failed"
    }
}

extension Problem {
    fileprivate static func pullRequestFailed(_ job: Job, headers: [(String, String)]) throws -> Problem {
        let message = try job.error.flatMap { try JSON.parse($0)["message"]?.stringValue }
        return Problem(.pullRequestFailed, message ?? "The job \(job.id.text) tells no reason.", headers: headers)
    }
}
