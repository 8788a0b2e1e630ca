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
/// commands is done with: claimed, stale, or dead with its reason. A call that is cancelled throws and leaves its commands to the
/// broker, which brings them again.
struct Claimer: Sendable {
    let store: JobStore
    let type: JobType
    /// What seals the secrets of strangers' commands.
    var vault = SpecVault()
    let worker: String
    let lease: Duration
    let publisher: Publisher
    /// Whether an attempt runs in this process.
    let isRunning: @Sendable (Fence) -> Bool
    let log: Logger

    private var catalogue: TypeCatalogue { TypeCatalogue([type], vault: vault) }

    /// How long an adopted job stays out of the dispatchers' reach, for its claim to follow.
    private static let adoptionGrace: Duration = .seconds(10)

    /// Claims what can be claimed.
    func claim(_ batch: [Delivery]) async throws(CancellationError) -> [Claim] {
        let (dispatched, strangers) = sort(batch)
        let adopted = try await adopt(strangers)
        let ids = Array(Set(dispatched.keys).union(adopted))
        var claims = try await claim(ids: ids)
        let claimed = Set(claims.map(\.id))
        let unclaimed = dispatched.filter { !claimed.contains($0.key) }
        if !unclaimed.isEmpty {
            // A dispatcher's command without a row: the database was restored from a backup. The command is all there is.
            let known = try await persevere("looking up jobs") { try await store.known(Array(unclaimed.keys)) }
            let orphans = unclaimed.filter { !known.contains($0.key) }.map(\.value)
            if !orphans.isEmpty { claims += try await claim(ids: adopt(orphans)) }
        }
        WorkerMetrics.stale.add(batch.count - claims.count)
        WorkerMetrics.claimed.add(claims.count)
        return claims
    }

    /// Puts the jobs of these commands back into the dispatchers' hands.
    func giveBack(_ batch: [Delivery]) async throws(CancellationError) {
        let (dispatched, strangers) = sort(batch)
        let ids = try await adopt(strangers) + Array(dispatched.keys)
        try await persevere("giving back commands") { try await store.undispatch(ids) }
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

    private func claim(ids: [UUID]) async throws(CancellationError) -> [Claim] {
        guard !ids.isEmpty else { return [] }
        // A claim may have been committed although its answer was lost: what this worker owns and does not run is such a claim.
        let wasTried = Atomic(false)
        return try await persevere("claiming jobs") {
            var lost: [Claim] = []
            if wasTried.exchange(true, ordering: .relaxed) {
                lost = try await store.claims(of: worker, among: ids).filter {
                    !isRunning(Fence(job: $0.id, attempt: $0.attempt))
                }
            }
            return lost + (try await store.claim(ids, type: type.name, worker: worker, lease: lease))
        }
    }

    /// Inserts the jobs of strangers' commands; answers their ids, new or not. What is not a command goes to the dead letters.
    private func adopt(_ strangers: [Delivery]) async throws(CancellationError) -> [UUID] {
        let catalogue = catalogue
        var ids: [UUID] = []
        for delivery in strangers {
            let submission: Submission
            do {
                submission = try Command.read(delivery.message, catalogue: catalogue)
            } catch {
                try await bury(delivery, error)
                continue
            }
            if let error = try await insert(submission) {
                try await bury(
                    delivery, CommandError(reason: "refused", detail: error.message, job: submission.id))
            } else {
                ids.append(submission.id)
            }
        }
        return ids
    }

    /// - Returns: the error when the database can never take this row.
    private func insert(_ submission: Submission) async throws(CancellationError) -> PostgresError? {
        try await persevere("adopting a job") {
            do {
                _ = try await store.submit([(submission, Self.adoptionGrace)])
                return nil
            } catch let error as PostgresError where error.isDataFault {
                return error
            }
        }
    }

    private func bury(_ delivery: Delivery, _ error: CommandError) async throws(CancellationError) {
        WorkerMetrics.deadLettered.add(1, error.reason)
        log.warning("command is dead", ["reason": .string(error.reason), "detail": .string(error.detail)])
        let letter = DeadCommand(
            delivery, error, body: catalogue.sealed(command: delivery.message.body, type: type.name))
        try await persevere("burying a command") {
            let outcome: Publisher.Outcome
            do {
                outcome = try await publish(letter.whole)
            } catch let error as AMQPError where error.kind == .usage {
                // What a sender could put into a message need not be what a message may hold.
                outcome = try await publish(letter.bare)
            }
            guard outcome == .confirmed else {
                throw AMQPError(.closed, "the dead-letter exchange answered \(outcome)")
            }
        }
    }

    private func publish(_ message: Message) async throws -> Publisher.Outcome {
        try await publisher.publish(message, exchange: Topics.dead, routingKey: "", mandatory: true)
    }

    private func persevere<Output: Sendable>(
        _ what: String, _ operation: @Sendable () async throws -> Output
    ) async throws(CancellationError) -> Output {
        do {
            return try await Backoff(base: .milliseconds(50), cap: .seconds(2)).retry(onFirstFailure: { error in
                log.warning("\(what) waits", ["error": .error(error)])
            }) { try await operation() }
        } catch {
            // Every other error is waited out.
            throw CancellationError()
        }
    }
}

/// A command on its way to the dead letters.
private struct DeadCommand {
    private static let longestDetail = 2000

    /// As it came but for its secrets, which are sealed, with the reason; it does not expire, and it survives the broker's restart.
    let whole: Message
    /// Its body and the reason only.
    let bare: Message

    init(_ delivery: Delivery, _ error: CommandError, body: [UInt8]) {
        let detail = String(decoding: error.detail.utf8.prefix(Self.longestDetail), as: UTF8.self)
        var whole = delivery.message
        whole.body = body
        var bare = Message(body: body)
        func mark(_ message: inout Message) {
            message.isPersistent = true
            message.expiration = nil
            message.headers[Topics.reasonHeader] = .string(error.reason)
            message.headers[Topics.detailHeader] = .string(detail)
            message.headers[Topics.routingKeyHeader] = .string(delivery.routingKey)
        }
        mark(&whole)
        mark(&bare)
        self.whole = whole
        self.bare = bare
    }
}
