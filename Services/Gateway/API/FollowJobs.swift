import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /jobs/{id}/events`: the job's events as server-sent events, from the beginning or after `Last-Event-ID`; ends with
    /// the job.
    ///
    /// A slow client is bounded, not buffered: the next events are read from the database only when the last are written.
    func streamEvents(_ call: Call) async throws -> HTTPResponse {
        let id = try await jobID(call)
        guard let job = try await reader.job(id, namespace: call.namespace) else { throw Problem.notFound("job") }
        var position: Int64 = 0
        if let text = call.request.headers["Last-Event-ID"] ?? call.request.query("after") {
            guard let sequence = Int64(text), sequence >= 0 else {
                throw Problem.invalidParameter("Last-Event-ID", "the id of an event of this job")
            }
            position = sequence
            // A client that has seen the end would come back for ever; 204 tells an EventSource to stop.
            if job.status.isTerminal, try await hub.isAtEnd(position, of: job.id, since: job.createdAt) {
                return HTTPResponse(status: 204)
            }
        }
        let start = position
        let (hub, store) = (hub, store)
        return HTTPResponse.serverSentEvents { writer in
            var position = start
            while !hub.isClosed {
                let events = try await hub.next(
                    after: position, of: job.id, since: job.createdAt, until: .now + .seconds(30))
                for event in events {
                    var json = JSONWriter()
                    event.write(to: &json)
                    try await writer.send(
                        ServerSentEvent(
                            id: String(event.sequence), event: event.kind,
                            data: String(decoding: json.bytes, as: UTF8.self)))
                    position = event.sequence
                }
                // What became of the job's pull request stands behind its end.
                if let last = events.last, last.status.isTerminal,
                    try await hub.isAtEnd(position, of: job.id, since: job.createdAt)
                {
                    return
                }
                if events.isEmpty, let current = try await store.jobs([(job.id, job.namespace)])[0],
                    current.status.isTerminal, try await hub.isAtEnd(position, of: job.id, since: job.createdAt)
                {
                    return
                }
            }
        }
    }

    /// `GET /jobs/{id}/history`: the job's events in order, by kind, level, attempt and time, page by page.
    func listHistory(_ call: Call) async throws -> HTTPResponse {
        let job = try await existing(call)
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.event) ?? 0
        let events = try await store.history(of: job.id, call.eventFilter, after: position, limit: limit)
        return .page("events", events, limit: limit) { Cursor.text($0.sequence) }
    }

    func existingJob(_ call: Call) async throws -> UUID { try await existing(call).id }

    /// The job that the path names.
    func existing(_ call: Call) async throws -> Job {
        guard let job = try await reader.job(try await jobID(call), namespace: call.namespace) else {
            throw Problem.notFound("job")
        }
        return job
    }
}
