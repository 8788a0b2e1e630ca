import Concurrency
import Foundation
import HTTPClient
import Jobs
import Postgres
import Synchronization
import Telemetry

/// Sends deliveries to their receivers. Every gateway takes part; a claim in the row keeps two from trying the same delivery.
///
/// Order of effects: see `JobStore.finish` and its neighbours in `Deliver.swift`. Receivers see each event at least once, with the
/// same `webhook-id` each time, and those of one job in order.
///
/// A receiver has a few places of its own, and one as long as it fails, so that a slow one holds up no other.
final class WebhookDeliverer: Sendable {
    private static let places = 64
    private static let placesPerWebhook = 8
    private static let idlePause: Duration = .seconds(1)
    private static let shownBody = 1024
    private static let longestBackoff: Duration = .seconds(3600)
    /// How long beyond a try's own time its outcome may take to be written.
    private static let leaseMargin: Duration = .seconds(5)

    private let store: JobStore
    private let vault: WebhookVault
    private let configuration: EventsConfiguration
    private let client: WebClient
    private let log: Logger
    private let wakeup = Wakeup()
    private let busy = Mutex<[UUID: Int]>([:])

    init(_ store: JobStore, vault: WebhookVault, configuration: EventsConfiguration, log: Logger) {
        self.store = store
        self.vault = vault
        self.configuration = configuration
        self.log = log
        client = WebClient(
            addresses: configuration.addresses, concurrency: Self.places, maxQueued: Self.places, name: "webhooks")
    }

    /// There may be something to send.
    func wake() { wakeup.signal() }

    /// Delivers until cancelled; tries under way are broken off then and made again after their claim.
    func run() async {
        await withDiscardingTaskGroup { group in
            var lastError: String?
            while !Task.isCancelled {
                do {
                    for delivery in try await claim() { group.addTask { await self.deliver(delivery) } }
                    lastError = nil
                } catch {
                    let text = "\(error)"
                    if text != lastError, !Task.isCancelled { log.warning("deliveries wait", ["error": .string(text)]) }
                    lastError = text
                }
                await wakeup.wait(upTo: Self.idlePause)
            }
            group.cancelAll()
        }
        client.close()
    }

    private func claim() async throws -> [DueDelivery] {
        let busy = busy.withLock { $0 }
        let free = Self.places - busy.values.reduce(0, +)
        guard free > 0 else { return [] }
        let claimed = try await store.claimDeliveries(
            busy: busy, perWebhook: Self.placesPerWebhook, limit: free, lease: configuration.timeout + Self.leaseMargin)
        self.busy.withLock { busy in for delivery in claimed { busy[delivery.webhook, default: 0] += 1 } }
        return claimed
    }

    private func deliver(_ delivery: DueDelivery) async {
        let start = ContinuousClock.now
        var outcome = await attempt(delivery)
        outcome.duration = .now - start
        do {
            // A cancelled task writes nothing: its claim runs out.
            _ = try await store.finish(delivery, outcome, failingLimit: configuration.retryFor)
            GatewayMetrics.deliveries.add(1, outcome.verdict.word)
        } catch {
            if !Task.isCancelled {
                log.warning("a delivery is made again", ["delivery": .int(Int(delivery.id)), "error": .error(error)])
            }
        }
        busy.withLock { busy in
            busy[delivery.webhook, default: 1] -= 1
            if busy[delivery.webhook] == 0 { busy[delivery.webhook] = nil }
        }
        wakeup.signal()
    }

    private func attempt(_ delivery: DueDelivery) async -> DeliveryOutcome {
        do {
            let (head, body) = try await answer(to: try request(for: delivery))
            return judge(head, body, delivery)
        } catch {
            return failure(of: delivery, error: "\(error)")
        }
    }

    // Not inlined: the optimiser of Swift 6.3 crashes on the two as one.
    @inline(never)
    private func answer(to request: WebRequest) async throws -> (head: WebHead, body: String) {
        let stream = try await client.open(request)
        return (stream.head, await start(of: stream))
    }

    private func request(for delivery: DueDelivery) throws -> WebRequest {
        let timestamp = Int(Date().timeIntervalSince1970)
        guard
            let signature = vault.signature(
                id: delivery.eventID, timestamp: timestamp, body: delivery.body, secrets: delivery.secrets)
        else { throw UnreadableSecret() }
        return WebRequest(
            "POST", try WebURL(delivery.url),
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "Switchyard"), ("webhook-id", delivery.eventID),
                ("webhook-timestamp", String(timestamp)), ("webhook-signature", signature),
            ], body: Array(delivery.body.utf8),
            limits: WebLimits(
                connect: configuration.timeout, total: configuration.timeout, stall: configuration.timeout, body: .max))
    }

    /// The first KiB of the answer's body, as text; less when it breaks off, which changes nothing about its status.
    private func start(of stream: WebStream) async -> String {
        var bytes: [UInt8] = []
        do {
            while bytes.count < Self.shownBody, let chunk = try await stream.next() { bytes += chunk }
        } catch {
            // What came is shown.
        }
        stream.cancel()
        return String(decoding: bytes.prefix(Self.shownBody), as: UTF8.self).replacingNUL
    }

    private func judge(_ head: WebHead, _ body: String, _ delivery: DueDelivery) -> DeliveryOutcome {
        var outcome: DeliveryOutcome
        switch head.status {
        case 200..<300: outcome = DeliveryOutcome(.delivered, duration: .zero)
        case 410:
            outcome = DeliveryOutcome(
                .exhausted, error: "answered 410: it wants no more", duration: .zero, isGone: true)
        case 300..<400: outcome = failure(of: delivery, error: "answered \(head.status): redirects are not followed")
        default:
            let wait = head.retryAfter ?? .zero
            outcome = failure(of: delivery, error: "answered \(head.status)", notBefore: min(wait, Self.longestBackoff))
        }
        outcome.status = head.status
        outcome.body = body
        return outcome
    }

    private func failure(of delivery: DueDelivery, error: String, notBefore: Duration = .zero) -> DeliveryOutcome {
        let backoff = Backoff(base: configuration.backoff, cap: Self.longestBackoff)
        let delay = max(notBefore, backoff.delay(afterFailures: Int(delivery.attempt)))
        let isOver = delivery.age + delay > configuration.retryFor
        return DeliveryOutcome(isOver ? .exhausted : .retry(in: delay), error: error, duration: .zero)
    }
}

/// The sealing key is not the one that the secret was sealed with.
private struct UnreadableSecret: Error, CustomStringConvertible {
    let description = "the secret cannot be opened with this gateway's key: rotate it, or bring the key back"
}

extension DeliveryOutcome.Verdict {
    fileprivate var word: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "failed"
        case .exhausted: "exhausted"
        }
    }
}
