import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// How many current jobs of one worker are shown.
    private static let shownJobs = 1000

    /// `GET /workers`: the registry by id, page by page; `type` and `state` narrow it. Workers belong to the installation.
    func listWorkers(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let workers = try await store.workers(
            type: call.text("type"), state: call.text("state").flatMap(WorkerState.init),
            after: try call.text("cursor").map(Cursor.name) ?? "", limit: limit)
        return .page("workers", workers, limit: limit) { Cursor.text(name: $0.id) }
    }

    /// `GET /workers/{id}`: one worker with the jobs that it runs.
    func getWorker(_ call: Call) async throws -> HTTPResponse {
        guard let worker = try await store.worker(call.parameters[0]) else { throw Problem.notFound("worker") }
        var json = JSONWriter()
        worker.write(to: &json, jobs: try await store.currentJobs(of: worker.id, limit: Self.shownJobs))
        return HTTPResponse(json: json)
    }

    /// `POST /workers/{id}/drain`: the worker takes nothing more and ends or hands back what it has, without burning an attempt; its
    /// process stays, `drained`. 202 while it is under way, 200 when it is done. Asking again changes nothing.
    func drainWorker(_ call: Call) async throws -> HTTPResponse {
        try await ask(call, toBe: .drained, action: "worker.drain")
    }

    /// `POST /workers/{id}/resume`: a drained or draining worker takes jobs again. 202 until it does, 200 when it does.
    func resumeWorker(_ call: Call) async throws -> HTTPResponse {
        try await ask(call, toBe: .active, action: "worker.resume")
    }

    private func ask(_ call: Call, toBe wanted: WorkerState, action: String) async throws -> HTTPResponse {
        let id = call.parameters[0]
        let entry = call.entry(action, on: "workers/\(id)")
        let worker = try await audited(entry, isWritten: true) {
            switch try await store.ask(id, toBe: wanted, entry: entry) {
            case .unknown: throw Problem.notFound("worker")
            case .gone(let worker): throw Problem.workerIsGone(worker.id)
            case .asked(let worker): return worker
            }
        }
        await tell(WorkerRequest(worker: id))
        return HTTPResponse(worker, status: worker.state == wanted ? 200 : 202)
    }

    /// Spares a worker the wait for its next heartbeat, if the broker is there.
    private func tell(_ request: WorkerRequest) async {
        do {
            _ = try await publisher.publish(
                request.message, exchange: Topics.control, routingKey: "", mandatory: false, timeout: .seconds(2))
        } catch {
            log.warning(
                "a request to a worker is left to its heartbeat",
                ["worker": .string(request.worker), "error": .error(error)])
        }
    }
}

extension Problem {
    static func workerIsGone(_ id: String) -> Problem {
        Problem(
            .workerGone, "\(id) has ended or was silent for longer than \(Int(WorkerRecord.silentAfter.seconds)) s.")
    }
}
