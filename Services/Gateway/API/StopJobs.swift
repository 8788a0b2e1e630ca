import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /jobs/{id}/cancel`: 200 when it is final, 202 when the worker was asked.
    func cancelJob(_ call: Call) async throws -> HTTPResponse {
        try await end(call, .cancel, action: "cancel")
    }

    /// `POST /jobs/{id}/stop`: ends a job so that it can be resumed; 200 when it is final, 202 when the worker was asked.
    func stopJob(_ call: Call) async throws -> HTTPResponse {
        try await end(call, call.stopMode, action: "stop")
    }

    private func end(_ call: Call, _ wish: Wish, action: String) async throws -> HTTPResponse {
        let id = try await jobID(call)
        let wanted = try await audited(call.entry("job." + action, on: "jobs/" + id.text, details: call.json)) {
            let outcome = try await store.stop(
                id, namespace: call.namespace, wish, timeout: call.stopTimeout,
                reason: call.json["reason"]?.stringValue)
            await dispatcher.tellWorkers([outcome.request(for: id)].compactMap(\.self))
            switch outcome {
            case .unknown: throw Problem.notFound("job")
            case .ended(let status): throw Problem.illegalMove(action, status)
            case .done: return nil as Wanted?
            case .asked(let wanted): return wanted
            }
        }
        return try await answer(id, call, status: wanted == nil ? 200 : 202, wanted: wanted)
    }

    private func answer(_ id: UUID, _ call: Call, status: Int, wanted: Wanted? = nil) async throws -> HTTPResponse {
        guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
        guard let wanted else { return HTTPResponse(timed(job), status: status) }
        let end = try await expectedFinish(of: job, wanted)
        return HTTPResponse(
            StoppingJob(job: job, timing: histories.timing(of: job), expectedFinishAt: end), status: status)
    }

    /// When a job that was asked to end is expected to have ended: at the deadline, or sooner where what it has done so far says so.
    private func expectedFinish(of job: Job, _ wanted: Wanted) async throws -> Date {
        let now = Date()
        let deadline = now.addingTimeInterval(wanted.within.seconds)
        guard wanted.wish == .checkpoint, let started = job.startedAt else { return deadline }
        let pace = try await store.checkpointPace(of: job.id, attempt: job.attempt)
        let estimates = [pace?.next(since: started), try job.finishByProgress(at: now)].compactMap {
            $0.map { max(now, $0) }
        }
        return estimates.reduce(deadline, min)
    }
}

/// A job that was asked to end.
struct StoppingJob: Representation {
    let job: Job
    let timing: JobTiming
    let expectedFinishAt: Date

    static let schema: JSON = {
        var members = Job.schema["properties"]?.objectValue ?? [:]
        members["expected_finish_at"] = Schema.time.described(
            "At the latest `stop_deadline`; sooner where the pace of the job says so.")
        return Schema.answer("A job that was asked to end.", .object(members))
    }()

    func write(to json: inout JSONWriter) {
        json.beginObject()
        job.writeMembers(to: &json, timing: timing)
        json.member("expected_finish_at", expectedFinishAt)
        json.endObject()
    }
}

extension Call {
    /// What kind of stop the body asks for.
    var stopMode: Wish { json["mode"]?.stringValue.flatMap(Wish.init(rawValue:)) ?? .checkpoint }

    /// How long a worker may take, where the body says so.
    var stopTimeout: Duration? { json["timeout_seconds"]?.doubleValue.map { .seconds($0) } }
}

extension Job {
    /// When it would be done by itself, at the pace so far; nil when it does not tell how much there is.
    fileprivate func finishByProgress(at now: Date) throws -> Date? {
        guard let startedAt, let progress, case let json = try JSON.parse(progress),
            let completed = json["completed"]?.doubleValue, let total = json["total"]?.doubleValue
        else { return nil }
        // What earlier attempts had done says nothing of this one's pace.
        let done = completed - (json["carried"]?.doubleValue ?? 0)
        guard done > 0 else { return nil }
        return now.addingTimeInterval(now.timeIntervalSince(startedAt) / done * max(0, total - completed))
    }
}
