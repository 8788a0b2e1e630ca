import Foundation
import Jobs
import Telemetry

/// Takes jobs from workers that fell silent past their lease (G4).
///
/// After an outage of the database every lease has run out although the workers live. So the reaper waits until the database has
/// been reachable for `grace` without a break: time enough for live workers to renew.
struct Reaper: Sendable {
    let store: JobStore
    let grace: Duration
    let log: Logger
    let wakeDispatcher: @Sendable () -> Void

    /// Reaps every second until cancelled.
    func run() async throws {
        var healthySince: ContinuousClock.Instant?
        while true {
            try await Task.sleep(for: .seconds(1))
            do {
                if let since = healthySince, .now - since >= grace {
                    report(try await store.reap())
                } else {
                    _ = try await store.database.query("SELECT 1")
                    if healthySince == nil { healthySince = .now }
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                healthySince = nil
            }
        }
    }

    private func report(_ reaped: [Reaped]) {
        guard !reaped.isEmpty else { return }
        GatewayMetrics.reaped.add(reaped.count)
        for job in reaped {
            log.warning(
                "lease ended",
                [
                    "job_id": .uuid(job.id), "attempt": .int(Int(job.attempt)), "worker": .string(job.worker),
                    "status": .string(job.status.rawValue),
                ])
        }
        wakeDispatcher()
    }
}
