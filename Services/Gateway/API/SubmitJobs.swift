import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /jobs`: 201 after the commit; 200 with the first job when the same request was made before.
    func submitJob(_ call: Call) async throws -> HTTPResponse {
        let body = call.request.collectedBody
        let key = try call.idempotencyKey()
        let json = try parse(body)
        var submission = try await read(json, call: call)
        if let key { submission.idempotency = (key, sha256(body)) }
        // A job that waits for others has a transaction of its own: a wrong id must not cost its neighbours theirs.
        let outcome =
            submission.dependsOn.isEmpty
            ? try await submitter.submit(submission) : try await submit(batch: [submission]) { _ in "" }[0]
        switch outcome {
        case .created(let date): return Self.created(submission, at: date)
        case .existing(let id): return try await existing(id, call: call, isReplay: key != nil)
        case .conflict(let id): throw Problem.keyReused(id)
        }
    }

    /// `POST /jobs/batch`: all jobs or none, in one transaction; answers them in order.
    func submitBatch(_ call: Call) async throws -> HTTPResponse {
        let body = call.request.collectedBody
        let json = try parse(body)
        guard let fields = json.objectValue, let jobs = fields["jobs"]?.arrayValue else {
            throw Problem.invalidField("/jobs", "an array of jobs is required")
        }
        if let other = fields.keys.first(where: { $0 != "jobs" }) {
            throw Problem.invalidField("/" + other, "unknown field; the known one is jobs")
        }
        guard (1...Limits.batchJobs).contains(jobs.count) else {
            throw Problem.invalidField("/jobs", "1 to \(Limits.batchJobs) jobs are accepted, not \(jobs.count)")
        }
        let key = try call.idempotencyKey()
        let hash = sha256(body)
        var submissions: [Submission] = []
        for (index, job) in jobs.enumerated() {
            var submission = try await read(job, call: call, prefix: "/jobs/\(index)")
            // Each job of a batch has a key of its own below the batch's, so that a repeated batch is the same jobs.
            // The separator cannot be in a header, so no single request has such a key.
            if let key { submission.idempotency = ("\(key)\u{1F}\(index)", hash) }
            submissions.append(submission)
        }
        let outcomes = try await submit(batch: submissions) { "/jobs/\($0)" }
        var json201 = JSONWriter()
        json201.beginObject()
        json201.key("jobs")
        json201.beginArray()
        for (submission, outcome) in zip(submissions, outcomes) {
            switch outcome {
            case .created(let date): Job(submission, createdAt: date).write(to: &json201)
            case .existing(let id):
                guard let job = try await reader.job(id, namespace: call.namespace) else {
                    throw Problem.notFound("job")
                }
                job.write(to: &json201)
            case .conflict(let id): throw Problem.keyReused(id)
            }
        }
        json201.endArray()
        json201.endObject()
        return HTTPResponse(json: json201, status: 201)
    }

    /// - Parameter pointer: where a submission stands in the request.
    private func submit(batch submissions: [Submission], pointer: (Int) -> String) async throws -> [SubmitOutcome] {
        do {
            return try await submitter.submit(batch: submissions)
        } catch let error as UnknownDependencies {
            throw Problem.unknownDependencies(
                error.places(in: submissions).map { "\(pointer($0.submission))/depends_on/\($0.dependency)" })
        }
    }

    func parse(_ body: [UInt8]) throws -> JSON {
        do { return try JSON.parse(body) } catch { throw Problem.malformedJSON(error) }
    }

    private func read(_ json: JSON, call: Call, prefix: String = "") async throws -> Submission {
        try Submission.read(
            json, id: UUIDv7.generate(), namespace: call.namespace, catalogue: await types.catalogue(for: json),
            prefix: prefix)
    }

    private func existing(_ id: UUID, call: Call, isReplay: Bool) async throws -> HTTPResponse {
        guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
        return HTTPResponse(job, headers: [isReplay ? ("Idempotency-Replayed", "true") : ("Unique-Job", "existing")])
    }

    private static func created(_ submission: Submission, at date: Date) -> HTTPResponse {
        HTTPResponse(
            Job(submission, createdAt: date), status: 201,
            headers: [("Location", "/api/v1/jobs/" + submission.id.text)])
    }
}

extension HTTPRequest {
    /// The whole body of a call whose body is collected.
    var collectedBody: [UInt8] {
        if case .bytes(let bytes) = body { return bytes }
        return []
    }
}
