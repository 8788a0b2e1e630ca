import Foundation
import HTTPServer
import JSON
import Jobs
import Synchronization

extension Gateway {
    /// `GET /jobs/{id}/logs`: the job's log lines in order, page by page; with `tail=N` the last ones; with `follow=true` as server-sent
    /// events, from the beginning, after `Last-Event-ID` or from the last `tail`, until the job ends.
    func listLogs(_ call: Call) async throws -> HTTPResponse {
        let job = try await existing(call)
        let filter = call.logFilter
        let tail = call.integer("tail")
        let seen = try call.request.headers["Last-Event-ID"].map { text in
            guard let position = LogStream.position(text) else {
                throw Problem.invalidParameter("Last-Event-ID", "the id of a line of this job")
            }
            return position
        }
        if call.flag("follow") { return try await followLogs(of: job, filter, after: seen, tail: tail) }
        if let tail {
            guard call.text("cursor") == nil else {
                throw Problem.invalidParameter("tail", "given without cursor")
            }
            let lines = try await store.tail(of: job.id, filter, count: tail)
            return .page("logs", whole: lines)
        }
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.logLine) ?? (0, 0)
        let lines = try await store.logs(of: job.id, filter, after: position, limit: limit)
        return .page("logs", lines, limit: limit) { Cursor.text(attempt: $0.attempt, number: $0.number) }
    }

    /// A slow client is bounded, not buffered: the next lines are read from the database only when the last are written.
    private func followLogs(
        of job: Job, _ filter: LogFilter, after seen: (attempt: Int32, number: Int32)?, tail: Int?
    ) async throws -> HTTPResponse {
        var start = seen ?? (attempt: 0, number: 0)
        if seen != nil {
            // A client that has seen the end would come back for ever; 204 tells an EventSource to stop.
            if job.status.isTerminal, try await store.logs(of: job.id, filter, after: start, limit: 1).isEmpty {
                return HTTPResponse(status: 204)
            }
        } else if let tail, let first = try await store.tail(of: job.id, filter, count: tail).first {
            start = (first.attempt, first.number - 1)
        }
        let stream = LogStream(job: job.id, namespace: job.namespace, filter: filter, store: store, hub: hub)
        return HTTPResponse.serverSentEvents { [start] writer in try await stream.send(to: writer, after: start) }
    }
}

/// The lines of a job on their way to one client.
struct LogStream: Sendable {
    let job: UUID
    let namespace: String
    let filter: LogFilter
    let store: JobStore
    let hub: EventHub

    private static let page = 200
    /// Lines are announced by nobody, so each stream looks every second, and at once after an event of its job.
    private static let interval: Duration = .seconds(1)
    /// Each stream costs two short queries a second.
    private static let maxStreams = 500
    private static let streams = Atomic(0)

    /// The place that a line's id names.
    static func position(_ id: String) -> (attempt: Int32, number: Int32)? {
        let parts = id.split(separator: ".", omittingEmptySubsequences: false).map { Int32($0) }
        guard parts.count == 2, let attempt = parts[0], let number = parts[1], attempt >= 0, number >= 0 else {
            return nil
        }
        return (attempt, number)
    }

    func send(to writer: ServerSentEventWriter, after start: (attempt: Int32, number: Int32)) async throws {
        let count = Self.streams.add(1, ordering: .relaxed).newValue
        defer { Self.streams.subtract(1, ordering: .relaxed) }
        guard count <= Self.maxStreams else {
            return try await writer.send(ServerSentEvent(retry: .seconds(5), comment: "too many streams; come back"))
        }
        var position = start
        while !hub.isClosed {
            // The status is read before the lines: all that an attempt has written is committed before its end.
            guard let job = try await store.jobWithLastEvent(job, namespace: namespace) else { return }
            while true {
                let lines = try await store.logs(of: job.id, filter, after: position, limit: Self.page)
                for line in lines {
                    try await writer.send(Self.event(of: line))
                    position = (line.attempt, line.number)
                }
                if lines.count < Self.page { break }
            }
            if job.status.isTerminal { return }
            _ = try await hub.next(after: job.lastEvent ?? 0, of: job.id, until: .now + Self.interval)
        }
    }

    private static func event(of line: LogLine) -> ServerSentEvent {
        var json = JSONWriter()
        line.write(to: &json)
        return ServerSentEvent(
            id: "\(line.attempt).\(line.number)", event: "log", data: String(decoding: json.bytes, as: UTF8.self))
    }
}
