import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /jobs/{id}/retry`: a new job that goes on from the last checkpoint of one that failed, was stopped or cancelled.
    ///
    /// 201 with the new job; 200 with the same one when it was asked for before.
    func retryJob(_ call: Call) async throws -> HTTPResponse {
        try await `repeat`(call, .retry) { "retry \($0.text)" }
    }

    /// `POST /jobs/{id}/rerun`: a new job like one that has ended, from the start. Asked for twice it is two jobs, unless the
    /// requests have the same `Idempotency-Key`.
    func rerunJob(_ call: Call) async throws -> HTTPResponse {
        try await `repeat`(call, .rerun) { "rerun \($0.text)" }
    }

    /// `POST /jobs/{id}/restart`: a new job that goes on from a checkpoint of one that has ended, or that runs and is stopped by
    /// force for it; by default from the last. Asked for twice it is two jobs, unless the requests have the same `Idempotency-Key`.
    func restartJob(_ call: Call) async throws -> HTTPResponse {
        let checkpoint = call.json["checkpoint_id"]?.intValue.map { Int32($0) }
        let parallelism = call.json["parallelism"]?.intValue
        let response = try await `repeat`(
            call, .restart(checkpoint: checkpoint, parallelism: parallelism)
        ) { "restart \($0.text) \(checkpoint ?? 0) \(parallelism ?? 0)" }
        // Whoever runs the old one is fenced off already, and stops at once when it hears of it.
        if response.status == 201 {
            await dispatcher.tellWorkers([.job(try await jobID(call), Wanted(.force, within: .zero))])
        }
        return response
    }

    /// - Parameter request: what the client's key stands for, in a line.
    private func `repeat`(
        _ call: Call, _ repetition: Repetition, request: (UUID) -> String
    ) async throws -> HTTPResponse {
        let id = try await jobID(call)
        let key = try call.idempotencyKey().map { ($0, sha256(request(id))) }
        let source = RepeatSource(id, as: UUIDv7.generate(), idempotency: key)
        let reason = call.json["reason"]?.stringValue
        let entry = call.entry("job." + repetition.word, on: "jobs/" + id.text, details: call.json)
        let (made, isNew) = try await audited(entry) {
            switch try await store.repeat(source, namespace: call.namespace, repetition, reason: reason) {
            case .unknown: throw Problem.notFound("job")
            case .unknownCheckpoint: throw Problem.notFound("checkpoint")
            case .refused(let status): throw Problem.illegalMove(repetition.word, status)
            case .conflict(let other): throw Problem.keyReused(other)
            case .existing(let made): return (made, false)
            case .created(let made): return (made, true)
            }
        }
        if isNew { dispatcher.lookSoon() }
        return try await answer(made, call, status: isNew ? 201 : 200)
    }

    func answer(_ id: UUID, _ call: Call, status: Int) async throws -> HTTPResponse {
        guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
        return HTTPResponse(job, status: status, headers: [("Location", "/api/v1/jobs/" + id.text)])
    }

    /// `GET /jobs/{id}/executions`: the attempts in order, or with `order=desc` the newest first, page by page.
    func listExecutions(_ call: Call) async throws -> HTTPResponse {
        let job = try await existing(call)
        let limit = call.limit()
        let newestFirst = call.text("order") == "desc"
        let position = try call.text("cursor").map(Cursor.number)
        let executions = try await store.executions(
            of: job.id, since: job.createdAt, newestFirst: newestFirst, after: position, limit: limit)
        return .page("executions", executions, limit: limit) { Cursor.text(number: $0.attempt) }
    }

    /// `GET /jobs/{id}/checkpoints`: the newest first, without their states.
    func listCheckpoints(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.number) ?? .max
        let checkpoints = try await store.checkpoints(of: id, before: position, limit: limit)
        return .page("checkpoints", checkpoints, limit: limit) { Cursor.text(number: $0.epoch) }
    }

    /// `GET /jobs/{id}/checkpoints/{epoch}`: one checkpoint with its state.
    func getCheckpoint(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        guard let epoch = Int32(call.parameters[1]), let checkpoint = try await store.checkpoint(epoch, of: id) else {
            throw Problem.notFound("checkpoint")
        }
        return HTTPResponse(checkpoint)
    }
}

extension Repetition {
    fileprivate var word: String {
        switch self {
        case .retry: "retry"
        case .rerun: "rerun"
        case .restart: "restart"
        }
    }
}
