import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs
import Postgres

extension Gateway {
    /// `GET /jobs/{id}`: the job; with `wait=30s` once something about it changes or the time is over, and with `until=ended` too
    /// only once it has ended.
    func getJob(_ call: Call) async throws -> HTTPResponse {
        let id = try await jobID(call)
        guard let wait = call.duration("wait", upTo: Limits.maxWait) else {
            guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
            return HTTPResponse(timed(job))
        }
        return HTTPResponse(timed(try await job(id, call, after: wait, untilEnded: call.text("until") == "ended")))
    }

    /// The job once something about it has changed, or once it has ended; at the latest after so long.
    func job(_ id: UUID, _ call: Call, after wait: Duration, untilEnded: Bool) async throws -> Job {
        let deadline = ContinuousClock.now + wait
        var job = try await reader.jobWithLastEvent(id, namespace: call.namespace)
        while let current = job, !current.status.isTerminal {
            let events = try await hub.next(
                after: current.lastEvent ?? 0, of: id, since: current.createdAt, until: deadline)
            if events.isEmpty { break }
            job = try await reader.jobWithLastEvent(id, namespace: call.namespace)
            if !untilEnded { break }
        }
        guard let job else { throw Problem.notFound("job") }
        return job
    }

    /// `GET /jobs`: filtered, in order, page by page.
    func listJobs(_ call: Call) async throws -> HTTPResponse {
        var filter = JobFilter(limit: call.limit())
        filter.type = call.text("type")
        filter.worker = call.text("worker")
        filter.statuses = call.words("status").compactMap(JobStatus.init(rawValue:))
        filter.labels = call.labels()
        filter.parentID = call.uuid("parent")
        (filter.createdAfter, filter.createdBefore) = (call.time("created_after"), call.time("created_before"))
        filter.isOldestFirst = call.text("order") == "oldest"
        if let cursor = call.text("cursor") { filter.after = try Cursor.job(cursor) }
        let jobs: [Job]
        do {
            jobs = try await store.list(filter, namespace: call.namespace)
        } catch let error as PostgresError where error.isOverload {
            throw Problem.unavailable(
                "The list takes too long: few of many jobs match. Narrow it by status, or by a cursor nearer to them.")
        }
        return .page("jobs", jobs.map(timed), limit: filter.limit) { Cursor.text($0.job.id) }
    }

    /// The job with what its clock says now.
    func timed(_ job: Job) -> TimedJob { TimedJob(job: job, timing: histories.timing(of: job)) }

    /// The job that the path names, by its id or by the start of it.
    func jobID(_ call: Call) async throws -> UUID {
        let text = call.parameters[0]
        if text.utf8.count == 36, let id = UUID(text: text) { return id }
        guard let (first, last) = ShortID.range(text) else { throw Problem.notFound("job") }
        let ids = try await store.ids(from: first, through: last, namespace: call.namespace)
        guard let id = ids.first else { throw Problem.notFound("job") }
        guard ids.count == 1 else { throw Problem.ambiguousID(text) }
        return id
    }
}

/// A job and its timing.
struct TimedJob: Representation {
    let job: Job
    let timing: JobTiming

    static let schemaName = Job.schemaName
    static let schema = Job.schema

    func write(to json: inout JSONWriter) { job.write(to: &json, timing: timing) }
}
