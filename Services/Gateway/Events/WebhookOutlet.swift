import Foundation
import Jobs
import Synchronization
import Telemetry

/// Makes a delivery row of each event for each subscription that wants it; `WebhookDeliverer` sends them.
///
/// Rows and cursor are one transaction, so an event becomes rows exactly once. While no subscription is active nothing is read.
final class WebhookOutlet: Outlet {
    private static let batch: Int64 = 1000
    private static let tidyEvery: Duration = .seconds(10)

    let sink = RelaySink.webhooks
    private let store: JobStore
    private let keepFor: Duration
    private let wakeDeliverer: @Sendable () -> Void
    private let state = Mutex((isWanted: false, nextTidy: ContinuousClock.now))

    init(_ store: JobStore, keepFor: Duration, wakeDeliverer: @escaping @Sendable () -> Void) {
        self.store = store
        self.keepFor = keepFor
        self.wakeDeliverer = wakeDeliverer
    }

    var isWanted: Bool { state.withLock(\.isWanted) }

    func send(after position: Int64, through last: Int64, until deadline: ContinuousClock.Instant) async throws
        -> Int64?
    {
        if try await store.passOver(after: position, through: last) {
            state.withLock { $0.isWanted = false }
            return last
        }
        state.withLock { $0.isWanted = true }
        let next = min(last, position + Self.batch)
        guard let added = try await store.fanOut(after: position, through: next) else { return nil }
        if added > 0 { wakeDeliverer() }
        return next
    }

    /// Ends what waits for disabled subscriptions, and cuts the log at its age.
    func tidy() async throws {
        let isDue = state.withLock { state in
            guard state.nextTidy <= .now else { return false }
            state.nextTidy = .now + Self.tidyEvery
            return true
        }
        guard isDue else { return }
        // A batch at a time: events that are to go out do not wait for all of it.
        let exhausted = try await store.exhaustDisabled()
        let pruned = try await store.pruneDeliveries(olderThan: keepFor)
        if exhausted + pruned > 0 { state.withLock { $0.nextTidy = .now } }
    }
}
