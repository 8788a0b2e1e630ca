import Concurrency
import Foundation
import Jobs
import Postgres
import Storage
import Telemetry

/// Does what keeps an installation in order for years: partitions ahead of time, old ones dropped, old jobs and files forgotten,
/// workers that are long gone too. One gateway at a time does it; all of them show its gauges.
///
/// Two that lead for a moment do no harm: each step is a statement that finds its work done.
struct Housekeeper: Sendable {
    private static let duty = "housekeeping"
    private static let round: Duration = .seconds(10)
    private static let leadership: Duration = .seconds(60)
    private static let workersKept: Duration = .seconds(86_400)
    /// GitHub sends a delivery again for three days at the most.
    private static let hookDeliveriesKept: Duration = .seconds(14 * 86_400)
    private static let hookDeliveriesAtOnce = 5000
    private static let forgeTokensKept: Duration = .seconds(86_400)
    private static let forgeTokensAtOnce = 5000
    private static let countedLetters = 10_000

    private struct NotLeading: Error {}

    let store: JobStore
    let content: any ArtifactStore
    let types: TypeCache
    let configuration: RetentionConfiguration
    let holder: String
    let log: Logger

    /// Keeps house until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await repeatedly(every: Self.round, "housekeeping waits", tidy) }
            group.addTask {
                try await repeatedly(every: configuration.sweepEvery, "the sweep for old jobs waits", sweep)
            }
            try await group.waitForAll()
        }
    }

    /// Lets another gateway lead at once.
    func resign() async { await store.giveUp(Self.duty, as: holder, log: log) }

    private func repeatedly(
        every pause: Duration, _ complaint: String, _ work: () async throws -> Void
    ) async throws {
        while true {
            var pause = pause
            do {
                try await work()
            } catch is CancellationError {
                throw CancellationError()
            } catch is NotLeading {
                pause = min(pause, Self.round)
            } catch {
                log.warning(complaint, ["error": .error(error)])
                pause = min(pause, Self.round)
            }
            try await Task.sleep(for: pause)
        }
    }

    private func requireLead() async throws {
        guard try await store.lead(Self.duty, as: holder, for: Self.leadership) else { throw NotLeading() }
    }

    private func days() async throws -> RetentionDays { configuration.rules.applied(to: try await types.refresh()) }

    private func tidy() async throws {
        for (state, count) in try await store.workerCounts() { HousekeepingMetrics.workers(state).set(Double(count)) }
        HousekeepingMetrics.waiting.set(Double(try await store.waitingDeadLetterCount(limit: Self.countedLetters)))
        try await requireLead()
        let partitions = TimePartitions(store)
        var strays = 0
        let kept = try await days().longest
        for table in try await partitions.tables() {
            let days = table == TimePartitions.audit ? configuration.auditDays : kept
            let report = try await partitions.maintain(table, days: days)
            strays += report.strays
            HousekeepingMetrics.dropped.add(report.dropped)
            if !report.added.isEmpty || !report.detached.isEmpty {
                log.info(
                    "partitions changed",
                    [
                        "added": .string(report.added.joined(separator: " ")),
                        "dropped": .string(report.detached.joined(separator: " ")),
                    ])
            }
        }
        HousekeepingMetrics.strays.set(Double(strays))
        _ = try await store.forgetWorkers(after: Self.workersKept)
        try await store.forgetHookDeliveries(after: Self.hookDeliveriesKept, limit: Self.hookDeliveriesAtOnce)
        try await ForgeToken.forget(unusedFor: Self.forgeTokensKept, limit: Self.forgeTokensAtOnce, in: store)
    }

    private func sweep() async throws {
        try await requireLead()
        let sweep = Sweep(store: store, content: content, configuration: configuration)
        let report = try await sweep.run(try await days(), mayGoOn: requireLead)
        HousekeepingMetrics.forgottenJobs.add(report.jobs)
        HousekeepingMetrics.removedFiles.add(report.files)
        try await content.sweep { try await store.neededFiles($0) }
        guard report != Sweep.Report() else { return }
        log.info(
            "old jobs forgotten",
            [
                "jobs": .int(report.jobs), "files": .int(report.files), "dead_letters": .int(report.deadLetters),
            ])
    }
}
