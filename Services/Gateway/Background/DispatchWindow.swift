import Jobs
import Synchronization

/// How many commands of each type may stand in the broker right now.
///
/// The broker's queues are kept short, because only what waits in the database can be counted, reordered, limited and cancelled, and
/// because they are first in, first out: whatever stands there goes before the next tenant's job. A window holds as many commands as
/// the workers have claimed within the last `horizon`, plus a few. So for jobs of minutes it is the few; for jobs of nothing it
/// grows with the rate: while workers take commands as fast as they come, each horizon's claims allow more of them in the next.
///
/// The horizon is a small multiple of the time that it takes to bring a command to the broker, so that the workers never run dry while
/// the next ones are on their way, however slow the servers are. Claims are not reported by anybody: they are what was published and
/// no longer waits when the rows are counted anew, at every tick of the dispatcher.
final class DispatchWindow: Sendable {
    private struct Entry {
        /// Commands that were counted last, with those whose confirm was awaited.
        var outstanding = 0
        /// Published since.
        var published = 0
        /// Published, and not confirmed yet.
        var unconfirmed = 0
        var claims: [(at: ContinuousClock.Instant, count: Double)] = []
        var countedAt: ContinuousClock.Instant?
        var size = DispatchWindow.spare
        /// What is left for the direct path.
        var direct = 0

        /// How many more may be published, as of the last count.
        func room(beside waiting: Int = 0) -> Int { max(0, size - outstanding - published - waiting) }

        mutating func count(
            _ confirmed: Int, horizon: Duration, limit: Int, at now: ContinuousClock.Instant
        ) {
            let current = confirmed + unconfirmed
            let claimed = Double(max(0, outstanding + published - current))
            let gap = countedAt.map { now - $0 } ?? .zero
            // Claims of a longer time than the horizon count for what of it falls within.
            claims.append((now, gap > horizon ? claimed * (horizon / gap) : claimed))
            claims.removeAll { now - $0.at >= horizon }
            size = min(limit, DispatchWindow.spare + Int(claims.reduce(0) { $0 + $1.count }))
            outstanding = current
            published = 0
            countedAt = now
        }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var turnaround: Duration = .milliseconds(5)
    }

    /// Commands that may always wait for a worker, so that one that becomes free finds one.
    static let spare = 2
    private static let shortest: Duration = .milliseconds(60)
    private static let longest: Duration = .milliseconds(500)

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the most commands of a type.
    init(limit: Int) { self.limit = limit }

    /// Takes room for one command on the direct path; false when its job must wait its turn in the database.
    func take(_ type: String) -> Bool {
        state.withLock { state in
            guard let left = state.entries[type]?.direct, left > 0 else { return false }
            state.entries[type]?.direct = left - 1
            return true
        }
    }

    /// Counts anew.
    ///
    /// - Parameters:
    ///   - counts: for each type, the commands that the broker has confirmed and no worker has claimed.
    ///   - waiting: jobs of the type that are to be published before any that come now.
    ///   - closed: types whose direct path is closed: it is not known how many jobs wait, or they must not pass at all.
    func update(
        _ counts: [String: Int], waiting: [String: Int] = [:], closed: Set<String> = [],
        at now: ContinuousClock.Instant = .now
    ) {
        state.withLock { state in
            let horizon = Self.horizon(state.turnaround)
            for (type, count) in counts {
                var entry = state.entries[type] ?? Entry()
                entry.count(count, horizon: horizon, limit: limit, at: now)
                entry.direct = closed.contains(type) ? 0 : entry.room(beside: waiting[type, default: 0])
                state.entries[type] = entry
            }
        }
    }

    /// The whole backlog of a type is on its way: the direct path need not wait for the next count to be open again. Else jobs that
    /// come one after the other would each find it closed by the one before.
    ///
    /// - Parameter waiting: what came meanwhile.
    func open(_ type: String, waiting: Int = 0) {
        state.withLock { state in
            guard let entry = state.entries[type] else { return }
            state.entries[type]?.direct = entry.room(beside: waiting)
        }
    }

    /// How many commands of the backlog may be published; as of the last count.
    func room(_ type: String) -> Int {
        state.withLock { state in
            state.entries[type]?.room() ?? 0
        }
    }

    /// Whether anything was published since the last count.
    var isActive: Bool { state.withLock { $0.entries.values.contains { $0.published > 0 } } }

    /// Commands are about to be published.
    ///
    /// - Parameter isCounted: whether their rows say dispatched already.
    func begin(_ counts: [String: Int], isCounted: Bool = false) {
        state.withLock { state in
            for (type, count) in counts {
                state.entries[type, default: Entry()].published += count
                if !isCounted { state.entries[type, default: Entry()].unconfirmed += count }
            }
        }
    }

    /// Commands were published, in this time; those in `failed` were not.
    func end(
        _ counts: [String: Int], failed: [String: Int] = [:], isCounted: Bool = false, after time: Duration
    ) {
        state.withLock { state in
            for (type, count) in counts where !isCounted { state.entries[type]?.unconfirmed -= count }
            for (type, count) in failed { state.entries[type]?.published -= count }
            state.turnaround = state.turnaround * 0.8 + time * 0.2
        }
    }

    /// Closes the direct path: the broker does not take commands.
    func close() {
        state.withLock { state in
            for type in state.entries.keys { state.entries[type]?.direct = 0 }
        }
    }

    private static func horizon(_ turnaround: Duration) -> Duration { min(longest, shortest + turnaround * 3) }
}
