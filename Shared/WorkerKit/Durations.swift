import Foundation
import Jobs
import Synchronization
import Telemetry

/// How long the executions of this process took, on the way to the history of their type.
///
/// An end costs a few additions in memory; every ten seconds what has gathered is added to the type's rows. A process that dies loses
/// what it had not added: it is a statistic.
final class Durations: Sendable {
    private static let interval: Duration = .seconds(10)
    private static let maxUnits = 8
    private static let maxUnitBytes = 50

    private let type: String
    private let store: JobStore
    private let log: Logger
    private let gathered = Mutex(TypeHistory())

    init(type: String, store: JobStore, log: Logger) {
        self.type = type
        self.store = store
        self.log = log
    }

    /// Notes an execution that completed its job.
    ///
    /// - Parameters:
    ///   - isWhole: whether the job was done from its start in this execution; else only its units tell something.
    ///   - units: what it has counted in its progress, and how many of them it has done itself.
    func note(_ time: Duration, isWhole: Bool, units: (name: String, done: Double)?) {
        gathered.withLock { history in
            if isWhole { history.jobs.add(time) }
            guard let units, units.done > 0, (1...Self.maxUnitBytes).contains(units.name.utf8.count),
                history.units[units.name] != nil || history.units.count < Self.maxUnits
            else { return }
            history.units[units.name, default: DurationHistogram()].add(time / units.done)
        }
    }

    /// Adds to the history until cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.interval)
            await flush()
        }
    }

    /// Adds what has gathered; keeps it for the next time when the database is away.
    func flush() async {
        let history = gathered.withLock { history in
            defer { history = TypeHistory() }
            return history
        }
        guard !history.isEmpty else { return }
        do {
            try await store.add(history, to: type)
        } catch {
            log.warning("durations wait for the database", ["error": .error(error)])
            gathered.withLock { $0.merge(history) }
        }
    }
}
