import Jobs
import ServiceKit
import Telemetry

/// What the gateway counts.
enum GatewayMetrics {
    static let requests = CounterFamily(
        "switchyard_http_requests_total", help: "Requests answered.", label: "status")
    static let submitted = Metrics.shared.counter(
        "switchyard_jobs_submitted_total", help: "Jobs whose row was committed.")
    static let published = CounterFamily(
        "switchyard_commands_published_total", help: "Commands that the broker confirmed.", label: "path")
    static let lost = Metrics.shared.counter(
        "switchyard_commands_lost_total", help: "Commands that the broker lost and that are published again.")
    static let fired = CounterFamily(
        "switchyard_schedule_ticks_total", help: "Ticks of schedules that were due.", label: "outcome")
    static let expired = Metrics.shared.counter(
        "switchyard_jobs_expired_total", help: "Jobs that waited longer than they may.")
    static let reaped = Metrics.shared.counter(
        "switchyard_leases_ended_total", help: "Jobs taken from a silent worker.")
    static let deadLetters = CounterFamily(
        "switchyard_dead_letters_total", help: "Messages kept as dead letters.", label: "reason")
    static let eventsPublished = CounterFamily(
        "switchyard_events_published_total", help: "Events that the broker decided on.", label: "outcome")
    static let deliveries = CounterFamily(
        "switchyard_webhook_deliveries_total", help: "Tries of deliveries to webhooks.", label: "outcome")

    static func relayLag(_ sink: RelaySink) -> Gauge {
        Metrics.shared.gauge(
            "switchyard_relay_lag_events", help: "How many event numbers a relay is behind; of the gateway that leads.",
            labels: ["sink": sink.rawValue])
    }
}
