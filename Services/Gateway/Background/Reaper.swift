import Foundation
import Jobs
import Telemetry

/// Takes jobs from workers that fell silent past their lease (G4).
///
/// After an outage of the database every lease has run out although the workers live; after a pause of the whole machine too. So
/// the reaper waits until its own rounds have come and gone in time for `grace`: time enough for live workers to renew.
struct Reaper: Sendable {
    let store: JobStore
    let grace: Duration
    let log: Logger
    let wakeDispatcher: @Sendable () -> Void

    /// A second round that comes later than this tells of a pause or of a database that hangs.
    private static let longestRound: Duration = .seconds(4)

    /// Reaps every second until cancelled.
    func run() async throws {
        var healthySince: ContinuousClock.Instant?
        var lastRound = ContinuousClock.now
        while true {
            try await Task.sleep(for: .seconds(1))
            do {
                let now = try await store.now()
                // The probe itself may have stood still.
                if .now - lastRound > Self.longestRound { healthySince = nil }
                if let since = healthySince, .now - since >= grace {
                    report(try await store.reap(until: now + Self.longestRound.seconds))
                } else if healthySince == nil {
                    healthySince = .now
                }
                lastRound = .now
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                healthySince = nil
                lastRound = .now
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
