import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /queues`: every queue with what stands in it, its rates, and how many slots it wants.
    func listQueues(_ call: Call) async throws -> HTTPResponse {
        let queues = try await queueViews()
        return .page("queues", whole: queues)
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
        let reason = call.json["reason"]
        try await audited(
            call.entry("queue.pause", on: "queues/\(type)", details: reason.map { ["reason": $0] } ?? [:])
        ) {
            try await store.pause(type, reason: reason?.stringValue, by: call.key.name)
        }
        try await rules.refresh()
        return try await answer(queue: type)
    }

    /// `POST /queues/{q}/resume`: the queue goes on; one that is not paused stays as it is.
    func resumeQueue(_ call: Call) async throws -> HTTPResponse {
        let type = try await knownType(call.parameters[0])
        try await audited(call.entry("queue.resume", on: "queues/\(type)")) { try await store.resume(type) }
        try await rules.refresh()
        dispatcher.lookSoon()
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
        return HTTPResponse(queue)
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
struct QueueView: Sendable, Representation {
    let type: String
    /// Nil before the first measurement.
    let figures: QueueFigures?
    let pause: QueuePause?
    /// In which time the wanted slots would drain the queue.
    let drainTarget: Duration

    static let schemaName = "Queue"
    static let schema = Schema.answer(
        "A queue: the jobs of one type. Figures are null until it has been measured.",
        [
            "type": Schema.text, "queue": Schema.text.described("The name of the queue at the broker."),
            "ready": Schema.count.orNull.described("Jobs that wait in the database for their turn."),
            "in_broker": Schema.count.orNull.described("Jobs whose command waits in the broker for a worker."),
            "running": Schema.count.orNull, "scheduled": Schema.count.orNull,
            "oldest_wait_seconds": Schema.number.orNull.described("How long the one that waits longest has waited."),
            "rate_in_per_second": Schema.number.orNull.described("Jobs that came, over the last minute."),
            "rate_out_per_second": Schema.number.orNull.described("Jobs that ended, over the last minute."),
            "predicted_drain_seconds": Schema.number.orNull.described(
                "When nothing waits any more, at these rates; null when that is never."),
            "drain_target_seconds": Schema.number.described("In what time the wanted slots would drain the queue."),
            "wanted_slots": Schema.count.orNull.described(
                "How many jobs should run at once: the signal for autoscalers."),
            "wanted_workers": Schema.count.orNull.described("The same in workers like those that are busy now."),
            "busy_workers": Schema.count.orNull,
            "consumers": Schema.count.orNull.described(
                "Consumers at the broker; a worker whose slots are all taken has none."),
            "paused": Schema.answer(
                "By whom, since when and why the queue is paused; null when it is not.",
                ["reason": Schema.text.orNull, "by": Schema.text, "since": Schema.time]
            ).orNull,
            "measured_at": Schema.time.orNull,
        ])

    func write(to json: inout JSONWriter) {
        let now = Date()
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
