import Foundation
import Synchronization

/// Jobs whose commands the broker has confirmed, and whose rows do not say so yet.
///
/// Marking waits a moment: a job that is claimed meanwhile needs no mark. What waits here is kept from being published again,
/// and counted as standing in the broker. A crash forgets it: those commands are published twice, which is harmless.
final class Unmarked: Sendable {
    struct Batch: Sendable {
        let ids: [UUID]
        /// When the jobs were read from the backlog; nil on the direct path.
        let readAt: Date?
        let confirmed: ContinuousClock.Instant
    }

    private static let delay: Duration = .milliseconds(100)

    private let batches = Mutex<[Batch]>([])

    func add(_ ids: [UUID], readAt: Date?) {
        guard !ids.isEmpty else { return }
        batches.withLock { $0.append(Batch(ids: ids, readAt: readAt, confirmed: .now)) }
    }

    /// The jobs that wait here.
    var ids: [UUID] { batches.withLock { $0.flatMap(\.ids) } }

    /// Takes out what has waited long enough: all of the direct path in one batch, the backlog's each with its own time.
    func takeDue() -> [Batch] {
        let now = ContinuousClock.now
        let due = batches.withLock { batches in
            let due = batches.filter { now - $0.confirmed >= Self.delay }
            batches.removeAll { now - $0.confirmed >= Self.delay }
            return due
        }
        let direct = due.filter { $0.readAt == nil }.flatMap(\.ids)
        return due.filter { $0.readAt != nil }
            + (direct.isEmpty ? [] : [Batch(ids: direct, readAt: nil, confirmed: now)])
    }
}
