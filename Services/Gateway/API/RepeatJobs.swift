import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /jobs/{id}/retry`: a new job that goes on from the last checkpoint of one that failed, was stopped or cancelled.
    ///
    /// 201 with the new job; 200 with the same one when it was asked for before.
    func retryJob(_ call: Call) async throws -> HTTPResponse { try await `repeat`(call, .retry, action: "retry") }

    /// `POST /jobs/{id}/rerun`: a new job like one that has ended, from the start. Asked for twice it is two jobs, unless the
    /// requests have the same `Idempotency-Key`.
    func rerunJob(_ call: Call) async throws -> HTTPResponse { try await `repeat`(call, .rerun, action: "rerun") }

    private func `repeat`(_ call: Call, _ repetition: Repetition, action: String) async throws -> HTTPResponse {
        let id = try await jobID(call)
        let key = try call.idempotencyKey().map { ($0, sha256("\(action) \(id.text)")) }
        switch try await store.repeat(
            id, namespace: call.namespace, as: UUIDv7.generate(), repetition, idempotency: key)
        {
        case .unknown: throw Problem.notFound("job")
        case .refused(let status): throw Problem.illegalMove(action, status)
        case .conflict(let other): throw Problem.keyReused(other)
        case .existing(let made): return try await answer(made, call, status: 200)
        case .created(let made):
            dispatcher.publishSoon([])
            return try await answer(made, call, status: 201)
        }
    }

    private func answer(_ id: UUID, _ call: Call, status: Int) async throws -> HTTPResponse {
        guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
        var json = JSONWriter()
        job.write(to: &json)
        return HTTPResponse(json: json, status: status, headers: [("Location", "/api/v1/jobs/" + id.text)])
    }

    /// `GET /jobs/{id}/executions`: the attempts in order, or with `order=desc` the newest first, page by page.
    func listExecutions(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        let limit = call.limit()
        let newestFirst = call.text("order") == "desc"
        let position = try call.text("cursor").map(Cursor.number)
        let executions = try await store.executions(of: id, newestFirst: newestFirst, after: position, limit: limit)
        let next = executions.count == limit ? executions.last.map { Cursor.text(number: $0.attempt) } : nil
        return page("executions", executions, next: next) { $0.write(to: &$1) }
    }

    /// `GET /jobs/{id}/checkpoints`: the newest first, without their states.
    func listCheckpoints(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.number) ?? .max
        let checkpoints = try await store.checkpoints(of: id, before: position, limit: limit)
        let next = checkpoints.count == limit ? checkpoints.last.map { Cursor.text(number: $0.epoch) } : nil
        return page("checkpoints", checkpoints, next: next) { $0.write(to: &$1) }
    }

    /// `GET /jobs/{id}/checkpoints/{epoch}`: one checkpoint with its state.
    func getCheckpoint(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        guard let epoch = Int32(call.parameters[1]), let checkpoint = try await store.checkpoint(epoch, of: id) else {
            throw Problem.notFound("checkpoint")
        }
        var json = JSONWriter()
        checkpoint.write(to: &json)
        return HTTPResponse(json: json)
    }
}
