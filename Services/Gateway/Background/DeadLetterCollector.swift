import AMQP
import Concurrency
import Crypto
import Foundation
import JSON
import Jobs
import Postgres
import Telemetry

/// Moves dead messages from the broker into the database, where they can be listed (G7).
///
/// Order of effects: the row is committed, then the message is acknowledged; a crash between the two brings the message again,
/// and its id, made from its content, keeps the row single. A command that was only unroutable, because its queue was deleted
/// while its job waits, is no dead letter: the queue is declared again and the job dispatched anew.
struct DeadLetterCollector: Sendable {
    let store: JobStore
    let dispatcher: Dispatcher
    let types: TypeCache
    let consumer: Consumer
    let log: Logger

    private static let namespace = UUID(uuid: (0x5d, 0x1e, 0x77, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, 1))

    /// Collects until cancelled.
    func run() async throws {
        try await consumer.run { deliveries in
            for delivery in deliveries { await keep(delivery) }
        }
    }

    private func keep(_ delivery: Delivery) async {
        do {
            try await Backoff(base: .milliseconds(100), cap: .seconds(2)).retry(onFirstFailure: { error in
                log.warning("dead letters wait", ["error": .error(error)])
            }) { try await collect(delivery) }
            consumer.settle([(delivery, .acknowledge)])
        } catch {
            // Cancelled: the message is not acknowledged, and comes again.
        }
    }

    private func collect(_ delivery: Delivery) async throws {
        let message = delivery.message
        let job = message.messageID.flatMap(UUID.init(text:))
        let (reason, detail) = try await cause(delivery)
        if let job, ["unknown_type", "undeliverable", "dropped"].contains(reason),
            try await store.known([job]).contains(job)
        {
            // Only what its workers may be dying on is given up; the others are published again.
            guard reason == "undeliverable" else {
                return try await dispatcher.recover([job], type: delivery.routingKey)
            }
            _ = try await store.refuse(job, code: reason, message: detail)
        }
        let original = message.headers[Topics.routingKeyHeader]?.string ?? delivery.routingKey
        let body = try await types.catalogue(named: original).sealed(command: message.body, type: original)
        // Secrets are never sealed twice alike, so the id leaves them out.
        let content = Hex.encode(sha256(Redaction.hide(body)))
        let id = UUID(
            name: "\(reason)\n\(delivery.routingKey)\n\(message.messageID ?? "")\n\(content)", namespace: Self.namespace
        )
        try await store.add(
            DeadLetter(
                id: id, reason: reason.cut(to: Self.wordBytes), detail: detail.cut(to: Self.detailBytes),
                exchange: delivery.exchange.cut(to: 255), routingKey: original.cut(to: 255), job: job,
                headers: JSON.object(headers(message)).serialized(),
                body: body))
        GatewayMetrics.deadLetters.add(1, Self.reasons.contains(reason) ? reason : "other")
    }

    /// A stranger may write anything of any length into the headers; an index has the reason.
    private static let wordBytes = 100
    private static let detailBytes = 4000

    /// The words that workers and this collector use. A stranger may write any other into the header.
    private static let reasons: Set<String> = [
        "malformed", "invalid_spec", "invalid_field", "unknown_type", "unknown_schema", "undeliverable", "dropped",
        "refused", "no_sealing_key",
    ]

    private func cause(_ delivery: Delivery) async throws -> (reason: String, detail: String) {
        let headers = delivery.message.headers
        if let reason = headers[Topics.reasonHeader]?.string {
            return (reason, headers[Topics.detailHeader]?.string ?? "")
        }
        if case .array(let deaths)? = headers["x-death"] {
            guard case .table(let death)? = deaths.first, let cause = death["reason"]?.string,
                cause != "delivery_limit"
            else {
                return (
                    "undeliverable",
                    "The command was handed out too often without being taken; its workers may be dying on it."
                )
            }
            return ("dropped", "The broker dropped the command from its queue (\(cause)): look for a policy on it.")
        }
        let known = try await types.refresh().names
        return (
            "unknown_type",
            "No worker has registered the type \"\(delivery.routingKey)\". Known types: \(known.isEmpty ? "none yet" : known)."
        )
    }

    private func headers(_ message: Message) -> JSONObject {
        var object: JSONObject = [:]
        for (name, value) in message.headers {
            object[name] = .string(value.string ?? String(describing: value))
        }
        return object
    }
}
