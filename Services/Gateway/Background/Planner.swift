import Concurrency
import Foundation
import Jobs
import Telemetry

/// Runs what is planned: fires schedules, releases jobs that wait for others, and ends workflows that are to be cancelled.
///
/// The work itself is in `JobStore.fire`, `settle` and `cancelSteps`, each a transaction that a crash undoes as a whole and that two
/// gateways can do at once. One leads all the same, because looking twice finds nothing more. It is woken by the notification that
/// goes with every batch of events, at most every 50 ms; notifications may be lost, so it also looks every second, and at the time of the
/// next tick. Where nothing is planned, a look is one statement that reads a few empty indexes.
final class Planner: Sendable {
    private static let duty = "plans"
    private static let leadership: Duration = .seconds(5)
    private static let idlePause: Duration = .seconds(1)
    /// Between two looks: every worker's every commit wakes the planner.
    private static let shortestPause: Duration = .milliseconds(50)

    private let store: JobStore
    private let types: TypeCache
    private let dispatcher: Dispatcher
    private let holder: String
    private let log: Logger
    private let wakeup = Wakeup()

    init(_ store: JobStore, types: TypeCache, dispatcher: Dispatcher, holder: String, log: Logger) {
        self.store = store
        self.types = types
        self.dispatcher = dispatcher
        self.holder = holder
        self.log = log
    }

    /// Something was committed that may have to do with plans.
    func wake() { wakeup.signal() }

    /// Looks until cancelled.
    func run() async {
        var nextLead = ContinuousClock.now
        var isLeading = false
        while !Task.isCancelled {
            var pause = Self.idlePause
            do {
                if ContinuousClock.now >= nextLead {
                    isLeading = try await store.lead(Self.duty, as: holder, for: Self.leadership)
                    nextLead = .now + Self.leadership / 5
                }
                if isLeading { pause = try await look() }
                if pause > .zero { try await Task.sleep(for: Self.shortestPause) }
            } catch is CancellationError {
                return
            } catch {
                log.warning("plans wait", ["error": .error(error)])
            }
            if pause > .zero { await wakeup.wait(upTo: pause) }
        }
    }

    /// Lets another gateway lead at once.
    func resign() async { await store.giveUp(Self.duty, as: holder, log: log) }

    /// Cancels what has not ended of a workflow that is to end.
    func cancelSteps(of workflow: UUID? = nil) async throws -> Bool {
        let (moved, requests) = try await store.cancelSteps(of: workflow)
        await dispatcher.tellWorkers(requests)
        return moved > 0
    }

    /// - Returns: how long to wait before the next one.
    private func look() async throws -> Duration {
        let state = try await store.planState()
        var didMove = false
        if state.hasEnds {
            let didSettle = try await attempt("workflows wait to be settled") {
                try await store.settle(catalogue: types.refresh())
            }
            if didSettle == true {
                dispatcher.lookSoon()
                didMove = true
            }
        }
        if state.hasCancels {
            let didCancel = try await attempt("workflows wait to be cancelled") { try await cancelSteps() }
            if didCancel == true { didMove = true }
        }
        if state.nextTickIn == .zero, try await fire() { didMove = true }
        if didMove { return .zero }
        guard let next = state.nextTickIn, next > .zero else { return Self.idlePause }
        return min(Self.idlePause, next)
    }

    /// What a piece of work answers; nil when it did not succeed, which is logged and does not keep the others waiting.
    private func attempt<Output>(
        _ complaint: String, _ fields: LogFields = [:], _ work: () async throws -> Output?
    ) async throws -> Output? {
        do {
            return try await work()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            log.warning(complaint, fields.appending(["error": .error(error)]))
            return nil
        }
    }

    private func fire() async throws -> Bool {
        let catalogue = try await types.refresh()
        var didFire = false
        for id in try await store.dueSchedules() {
            let firing = try await attempt("a schedule waits", ["schedule_id": .uuid(id)]) {
                try await store.fire(id, catalogue: catalogue)
            }
            guard let firing else { continue }
            didFire = true
            GatewayMetrics.fired.add(firing.jobs.count, "fired")
            GatewayMetrics.fired.add(firing.skipped, "skipped")
            if let error = firing.error {
                log.warning("a schedule's job is not valid", ["schedule_id": .uuid(id), "error": .string(error)])
            }
        }
        if didFire { dispatcher.lookSoon() }
        return didFire
    }
}
