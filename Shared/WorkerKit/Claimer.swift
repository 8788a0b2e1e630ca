import AMQP
import Concurrency
import Foundation
import Jobs
import Postgres
import Synchronization
import Telemetry

/// Claims the jobs of a batch of commands; tells dispatchers' commands from strangers', and stale ones from unknown ones.
///
/// While a server is away every step waits and tries again, with the commands unacknowledged. When a call returns, each of its
/// commands is done with: claimed, stale, or dead with its reason.
struct Claimer: Sendable {
    let store: JobStore
    let catalogue: TypeCatalogue
    let worker: String
    let lease: Duration
    let publisher: Publisher
    /// Whether a job runs in this process.
    let isRunning: @Sendable (UUID) -> Bool
    let log: Logger

    /// How long an adopted job stays out of the dispatchers' reach, for its claim to follow.
    private static let adoptionGrace: Duration = .seconds(10)

    /// Claims what can be claimed.
    func claim(_ batch: [Delivery]) async -> [Claim] {
        let (dispatched, strangers) = sort(batch)
        let adopted = await adopt(strangers)
        let ids = Array(Set(dispatched.keys).union(adopted))
        var claims = await claim(ids: ids)
        let claimed = Set(claims.map(\.id))
        let unclaimed = dispatched.filter { !claimed.contains($0.key) }
        if !unclaimed.isEmpty {
            // A dispatcher's command without a row: the database was restored from a backup. The command is all there is.
            let known = await persevere("looking up jobs") { try await store.known(Array(unclaimed.keys)) }
            let orphans = unclaimed.filter { !known.contains($0.key) }.map(\.value)
            if !orphans.isEmpty { claims += await claim(ids: adopt(orphans)) }
        }
        WorkerMetrics.stale.add(batch.count - claims.count)
        WorkerMetrics.claimed.add(claims.count)
        return claims
    }

    /// Puts the jobs of these commands back into the dispatchers' hands.
    func giveBack(_ batch: [Delivery]) async {
        let (dispatched, strangers) = sort(batch)
        let ids = await adopt(strangers) + Array(dispatched.keys)
        await persevere("giving back commands") { try await store.undispatch(ids) }
    }

    private func sort(_ batch: [Delivery]) -> (dispatched: [UUID: Delivery], strangers: [Delivery]) {
        var dispatched: [UUID: Delivery] = [:]
        dispatched.reserveCapacity(batch.count)
        var strangers: [Delivery] = []
        for delivery in batch {
            if let id = Command.dispatchedID(delivery.message) {
                dispatched[id] = delivery
            } else {
                strangers.append(delivery)
            }
        }
        return (dispatched, strangers)
    }

    private func claim(ids: [UUID]) async -> [Claim] {
        guard !ids.isEmpty else { return [] }
        // A claim may have been committed although its answer was lost: what this worker owns and does not run is such a claim.
        let wasTried = Atomic(false)
        return await persevere("claiming jobs") {
            let lost =
                wasTried.load(ordering: .relaxed)
                ? try await store.claims(of: worker, among: ids.filter { !isRunning($0) }) : []
            wasTried.store(true, ordering: .relaxed)
            return lost + (try await store.claim(ids, worker: worker, lease: lease))
        }
    }

    /// Inserts the jobs of strangers' commands; answers their ids, new or not. What is not a command goes to the dead letters.
    private func adopt(_ strangers: [Delivery]) async -> [UUID] {
        var ids: [UUID] = []
        for delivery in strangers {
            do {
                let submission = try Command.read(delivery.message, catalogue: catalogue)
                if let error = await insert(submission) {
                    await bury(delivery, CommandError(reason: "refused", detail: error.message, job: submission.id))
                } else {
                    ids.append(submission.id)
                }
            } catch {
                await bury(delivery, error)
            }
        }
        return ids
    }

    /// - Returns: the error when the database refuses this row for good.
    private func insert(_ submission: Submission) async -> PostgresError? {
        await persevere("adopting a job") {
            do {
                _ = try await store.submit([(submission, Self.adoptionGrace)])
                return nil
            } catch let error as PostgresError where !error.isTransient {
                return error
            }
        }
    }

    private func bury(_ delivery: Delivery, _ error: CommandError) async {
        WorkerMetrics.deadLettered.add(1, error.reason)
        log.warning("command is dead", ["reason": .string(error.reason), "detail": .string(error.detail)])
        var message = delivery.message
        message.headers[Topics.reasonHeader] = .string(error.reason)
        message.headers[Topics.detailHeader] = .string(String(error.detail.prefix(2000)))
        message.headers["x-switchyard-routing-key"] = .string(delivery.routingKey)
        let dead = message
        await persevere("burying a command") {
            let outcome = try await publisher.publish(dead, exchange: Topics.dead, routingKey: "", mandatory: true)
            guard outcome == .confirmed else {
                throw AMQPError(.closed, "the dead-letter exchange answered \(outcome)")
            }
        }
    }

    private func persevere<Output: Sendable>(
        _ what: String, _ operation: @Sendable () async throws -> Output
    ) async -> Output {
        let backoff = Backoff(base: .milliseconds(50), cap: .seconds(2))
        var failures = 0
        while true {
            do {
                return try await operation()
            } catch {
                failures += 1
                if failures == 1 { log.warning("\(what) waits", ["error": .error(error)]) }
                do { try await Task.sleep(for: backoff.delay(afterFailures: failures)) } catch {
                    // Cancelled by a drain: the process ends soon, and goes on trying until then.
                    await Task.yield()
                }
            }
        }
    }
}
