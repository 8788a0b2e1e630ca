import Jobs
import ServiceKit
import Telemetry

/// What the housekeeper counts.
enum HousekeepingMetrics {
    static let waiting = Metrics.shared.gauge(
        "switchyard_dead_letters_waiting", help: "Dead letters that were not sent again, counted up to 10,000.")
    static let strays = Metrics.shared.gauge(
        "switchyard_partition_strays",
        help: "Rows without a time partition of their own, as the leading gateway sees them; should be 0.")
    static let dropped = Metrics.shared.counter(
        "switchyard_partitions_dropped_total", help: "Time partitions dropped because of their age.")
    static let forgottenJobs = Metrics.shared.counter(
        "switchyard_jobs_forgotten_total", help: "Finished jobs that were past their retention.")
    static let removedFiles = Metrics.shared.counter(
        "switchyard_files_removed_total", help: "Files whose retention was over.")

    /// The workers in one state.
    static func workers(_ state: WorkerState) -> Gauge {
        Metrics.shared.gauge(
            "switchyard_workers", help: "Workers in the registry by state.", labels: ["state": state.rawValue])
    }
}
