import ServiceKit
import Telemetry

/// What a worker counts.
enum WorkerMetrics {
    static let claimed = Metrics.shared.counter("switchyard_jobs_claimed_total", help: "Jobs that this worker claimed.")
    static let stale = Metrics.shared.counter(
        "switchyard_commands_stale_total", help: "Commands whose job could not be claimed any more.")
    static let ended = CounterFamily(
        "switchyard_jobs_ended_total", help: "Executions by how they ended.", label: "kind")
    static let superseded = Metrics.shared.counter(
        "switchyard_executions_superseded_total", help: "Executions that lost their job to another attempt.")
    static let deadLettered = CounterFamily(
        "switchyard_commands_dead_lettered_total", help: "Commands that could not be run.", label: "reason")
    static let abandoned = Metrics.shared.counter(
        "switchyard_executions_abandoned_total", help: "Executions that did not end within their grace period.")
    static let lostJournalEntries = Metrics.shared.counter(
        "switchyard_journal_entries_lost_total", help: "Log lines or progress that the database refused.")
    static let isDrained = Metrics.shared.gauge(
        "switchyard_worker_drained", help: "1 while an operator has drained this worker, else 0.")
    static let running = Metrics.shared.gauge("switchyard_jobs_running", help: "Jobs that run in this process now.")
}
