import Foundation
import Synchronization

/// Jobs whose commands the broker has confirmed, and whose rows do not say so yet.
///
/// Marking waits a moment: a job that is claimed meanwhile needs no mark. What waits here is kept from being published again,
/// and counted as standing in the broker. A crash forgets it: those commands are published twice, which is harmless.
final class Unmarked: Sendable {
    struct Batch: Sendable {
        var jobs: [(id: UUID, type: String)]
        /// When the jobs were read from the backlog; nil on the direct path.
        let readAt: Date?
        let confirmed: ContinuousClock.Instant

        var ids: [UUID] { jobs.map(\.id) }
    }

    private static let delay: Duration = .milliseconds(100)

    private let batches = Mutex<[Batch]>([])

    func add(_ jobs: [(id: UUID, type: String)], readAt: Date?) {
        guard !jobs.isEmpty else { return }
        batches.withLock { $0.append(Batch(jobs: jobs, readAt: readAt, confirmed: .now)) }
    }

    /// The jobs that wait here.
    var ids: [UUID] { batches.withLock { $0.flatMap(\.ids) } }

    /// Those of them that a look at the backlog would find; the others' grace keeps them out of it.
    var backlogIDs: [UUID] { batches.withLock { $0.filter { $0.readAt != nil }.flatMap(\.ids) } }

    /// How many there are of each type.
    var counts: [String: Int] {
        batches.withLock { batches in
            batches.reduce(into: [:]) { counts, batch in for job in batch.jobs { counts[job.type, default: 0] += 1 } }
        }
    }

    /// Lets those go that were asked about and no longer wait for a worker.
    func settle(asked: [UUID], waiting: Set<UUID>) {
        let gone = Set(asked).subtracting(waiting)
        guard !gone.isEmpty else { return }
        batches.withLock { batches in
            for index in batches.indices { batches[index].jobs.removeAll { gone.contains($0.id) } }
            batches.removeAll(where: \.jobs.isEmpty)
        }
    }

    /// Takes out what has waited long enough: all of the direct path in one batch, the backlog's each with its own time.
    func takeDue() -> [Batch] {
        let now = ContinuousClock.now
        let due = batches.withLock { batches in
            let due = batches.filter { now - $0.confirmed >= Self.delay }
            batches.removeAll { now - $0.confirmed >= Self.delay }
            return due
        }
        let direct = due.filter { $0.readAt == nil }.flatMap(\.jobs)
        return due.filter { $0.readAt != nil }
            + (direct.isEmpty ? [] : [Batch(jobs: direct, readAt: nil, confirmed: now)])
    }
}
