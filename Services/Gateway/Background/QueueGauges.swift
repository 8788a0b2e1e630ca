import Foundation
import Jobs
import ServiceKit
import Synchronization
import Telemetry

/// Shows the measured figures of every queue as metrics; each gateway shows the same ones, whichever has measured them.
struct QueueGauges: Sendable {
    let store: JobStore
    let drainTarget: Duration
    let log: Logger

    private static let pause: Duration = .seconds(2)

    /// Brings the metrics up to date until cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.pause)
            do {
                let (figures, pauses) = try await (store.queueFigures(), store.pauses())
                let paused = Set(pauses.map(\.type))
                for figure in figures { show(figure, isPaused: paused.contains(figure.counts.type)) }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                log.info("the metrics of the queues are old", ["error": .error(error)])
            }
        }
    }

    private func show(_ figures: QueueFigures, isPaused: Bool) {
        let counts = figures.counts
        let oldest = counts.oldestWaitsSince.map { max(0, Date().timeIntervalSince($0)) } ?? 0
        set("ready", "Jobs that wait in the database.", counts, Double(counts.ready))
        set("in_broker", "Jobs whose command waits in the broker.", counts, Double(counts.inBroker))
        set("running", "Jobs that run.", counts, Double(counts.running))
        set("scheduled", "Jobs that wait for a time.", counts, Double(counts.scheduled))
        set("oldest_wait_seconds", "How long the oldest waiting job has waited.", counts, oldest)
        set("rate_in", "Jobs per second that came in the last minute.", counts, figures.rateIn ?? .nan)
        set("rate_out", "Jobs per second that ended in the last minute.", counts, figures.rateOut ?? .nan)
        set(
            "drain_seconds", "In how long the queue is empty; infinite if it grows.", counts,
            figures.drainSeconds ?? .infinity)
        set(
            "wanted_slots", "Slots that would drain the queue in the time that is set.", counts,
            Double(figures.wantedSlots(drainingIn: drainTarget)))
        set("paused", "1 while the queue is paused.", counts, isPaused ? 1 : 0)
    }

    private func set(_ name: String, _ help: String, _ counts: QueueCounts, _ value: Double) {
        Metrics.shared.gauge("switchyard_queue_" + name, help: help, labels: ["type": counts.type]).set(value)
    }
}
