import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /queues`: every queue with what stands in it, its rates, and how many slots it wants.
    func listQueues(_ call: Call) async throws -> HTTPResponse {
        let queues = try await queueViews()
        return page("queues", queues, next: nil) { $0.write(to: &$1) }
    }

    /// `GET /queues/{q}`: one queue, by its type.
    func getQueue(_ call: Call) async throws -> HTTPResponse {
        try await answer(queue: call.parameters[0])
    }

    /// `POST /queues/{q}/pause`: nothing more of the queue is dispatched, here at once and at other gateways within a second. Jobs
    /// are accepted as before. The few commands that stand in the broker already still run: a claim asks for no pause, so that it
    /// costs nothing.
    func pauseQueue(_ call: Call) async throws -> HTTPResponse {
        let type = try await knownType(call.parameters[0])
        try await store.pause(type, reason: try call.reason(), by: call.key.name)
        try await rules.refresh()
        return try await answer(queue: type)
    }

    /// `POST /queues/{q}/resume`: the queue goes on; one that is not paused stays as it is.
    func resumeQueue(_ call: Call) async throws -> HTTPResponse {
        let type = try await knownType(call.parameters[0])
        try await store.resume(type)
        try await rules.refresh()
        dispatcher.publishSoon([])
        return try await answer(queue: type)
    }

    /// A registered type; asked of the database, as a worker may have registered it a moment ago.
    private func knownType(_ name: String) async throws -> String {
        guard try await types.catalogue(named: name).types[name] != nil else { throw Problem.notFound("queue") }
        return name
    }

    private func answer(queue type: String) async throws -> HTTPResponse {
        guard let queue = try await queueViews().first(where: { $0.type == type }) else {
            throw Problem.notFound("queue")
        }
        var json = JSONWriter()
        queue.write(to: &json)
        return HTTPResponse(json: json)
    }

    private func queueViews() async throws -> [QueueView] {
        let (figures, pauses) = try await (store.queueFigures(), store.pauses())
        return try await types.refresh().types.keys.sorted().map { type in
            QueueView(
                type: type, figures: figures.first { $0.counts.type == type },
                pause: pauses.first { $0.type == type }, drainTarget: configuration.drainTarget)
        }
    }
}

/// A queue as operators and autoscalers see it.
struct QueueView: Sendable {
    let type: String
    /// Nil before the first measurement.
    let figures: QueueFigures?
    let pause: QueuePause?
    /// In which time the wanted slots would drain the queue.
    let drainTarget: Duration

    func write(to json: inout JSONWriter, now: Date = Date()) {
        let counts = figures?.counts
        json.beginObject()
        json.member("type", type)
        json.member("queue", Topics.queue(ofType: type))
        json.member("ready", counts?.ready)
        json.member("in_broker", counts?.inBroker)
        json.member("running", counts?.running)
        json.member("scheduled", counts?.scheduled)
        json.member(
            "oldest_wait_seconds",
            Self.rounded(counts.map { $0.oldestWaitsSince.map { max(0, now.timeIntervalSince($0)) } ?? 0 }))
        json.member("rate_in_per_second", Self.rounded(figures?.rateIn))
        json.member("rate_out_per_second", Self.rounded(figures?.rateOut))
        json.member("predicted_drain_seconds", Self.rounded(figures?.drainSeconds))
        json.member("drain_target_seconds", drainTarget.seconds)
        json.member("wanted_slots", figures?.wantedSlots(drainingIn: drainTarget))
        json.member("wanted_workers", figures?.wantedWorkers(drainingIn: drainTarget) ?? nil)
        json.member("busy_workers", counts?.busyWorkers)
        json.member("consumers", figures?.consumers)
        json.key("paused")
        if let pause { pause.write(to: &json) } else { json.null() }
        json.member("measured_at", counts?.countedAt)
        json.endObject()
    }

    private static func rounded(_ value: Double?) -> Double? { value.map { ($0 * 1000).rounded() / 1000 } }
}
