import Foundation
import Jobs
import Synchronization
import Telemetry

/// How long jobs of each type take, read again every few seconds: one query of a few rows, however many jobs are asked about.
final class HistoryCache: Sendable {
    private static let interval: Duration = .seconds(5)

    private let store: JobStore
    private let log: Logger
    private let histories = Mutex<[String: TypeHistory]>([:])

    init(_ store: JobStore, log: Logger) {
        self.store = store
        self.log = log
    }

    /// The timing of a job as it stands now.
    func timing(of job: Job) -> JobTiming {
        JobTiming(of: job, history: histories.withLock { $0[job.type] } ?? TypeHistory(), at: Date())
    }

    /// Reads the histories.
    func refresh() async throws {
        let read = try await store.histories()
        histories.withLock { $0 = read }
    }

    /// Reads them again until cancelled; what was read last stays while the database is away.
    func run() async throws {
        while true {
            do {
                try await refresh()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                log.warning("histories of types cannot be read", ["error": .error(error)])
            }
            try await Task.sleep(for: Self.interval)
        }
    }
}
