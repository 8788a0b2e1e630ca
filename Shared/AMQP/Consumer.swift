import Concurrency
import Foundation
import Synchronization

/// What a consumer is doing.
public enum ConsumerState: Sendable, Hashable {
    /// No usable connection yet, or the last one was lost.
    case connecting
    /// The broker has confirmed the consumer, at this time.
    case consuming(since: Date)
    /// `pause` was called; the connection stays up.
    case paused
    /// `run` has ended.
    case closed
}

/// Takes messages from one queue: one connection, one thread, one channel.
public final class Consumer: Sendable {
    private let options: ConsumerDriver.Options
    private let loop: ConnectionLoop
    private let onEvent: @Sendable (AMQPEvent) -> Void
    private let shared = ConsumerShared()

    /// Makes a consumer; nothing is connected before `run`.
    ///
    /// - Parameters:
    ///   - topology: declared after every connect.
    ///   - queue: the queue to consume; empty for the one in the topology that the broker names.
    ///   - prefetch: the most deliveries that may be unsettled, 1 to 65535.
    ///   - exclusive: whether no other consumer may be on the queue.
    ///   - proofInterval: how long to go without deliveries before the broker is asked whether the consumer still consumes. Not for
    ///     queues with a single active consumer or consumer priorities, where waiting beside a full queue is right.
    ///   - onEvent: called on the connection's thread; must not block.
    public init(
        _ configuration: AMQPConfiguration, topology: Topology, queue: String, prefetch: Int,
        exclusive: Bool = false, proofInterval: Duration = .seconds(30),
        onEvent: @escaping @Sendable (AMQPEvent) -> Void = { _ in }
    ) {
        options = ConsumerDriver.Options(
            topology: topology, queue: queue, prefetch: prefetch, exclusive: exclusive, proofInterval: proofInterval)
        loop = ConnectionLoop(configuration, onEvent: onEvent)
        self.onEvent = onEvent
    }

    /// Consumes until the task is cancelled, reconnecting with backoff.
    ///
    /// `handle` gets everything that has arrived as one batch, whenever there is something; the next batch gathers while it runs.
    /// It settles what it was given, now or later. When cancelled, no more batches come; after `handle` has returned, settlements
    /// are sent (at most 2 s) and the broker takes back what is unsettled. A quorum queue may also take back deliveries that
    /// were settled one by one, out of order, by the dozen, just before (RabbitMQ drops what it has not yet replicated when the
    /// channel closes), so a handler must bear a repeat here as everywhere.
    /// - Throws: `.usage` when it was run before. It returns normally when cancelled.
    public func run(_ handle: @escaping @Sendable ([Delivery]) async -> Void) async throws {
        if let fault = options.fault { throw fault }
        guard shared.begin() else { throw AMQPError(.usage, "a consumer runs once") }
        async let isClosed: Void = loop.run(tick: {}) { [shared, options, onEvent] in
            ConsumerDriver(shared, options, onEvent: onEvent)
        }
        await withTaskCancellationHandler {
            while let batch = await shared.nextBatch() { await handle(batch) }
        } onCancel: {
            shared.finish()
            loop.wake.signal()
        }
        loop.stop()
        await isClosed
        shared.set(.closed)
    }

    /// Settles deliveries; never blocks, any thread.
    ///
    /// Acknowledgements are merged into as few frames as possible. A delivery that is settled already, or that came over an earlier
    /// connection (the broker has it back), is ignored.
    public func settle(_ settlements: [(Delivery, Settlement)]) {
        guard !settlements.isEmpty else { return }
        shared.add(
            .settle(settlements.map { ($0.0.deliveryTag, $0.0.connectionGeneration, $0.1) }))
        loop.wake.signal()
    }

    /// Stops deliveries, ahead of every settlement that is called later, so that acknowledging does not pull in more.
    ///
    /// What the broker had sent already is still handed over. Stays in force over a reconnect.
    public func pause() {
        shared.add(.pause)
        loop.wake.signal()
    }

    /// Starts deliveries again, after `pause`, or with another prefetch.
    ///
    /// - Parameter prefetch: the new limit, 1 to 65535 (clamped); it counts only deliveries from now on.
    public func resume(prefetch: Int? = nil) {
        shared.add(.resume(prefetch: prefetch.map { max(1, min($0, 65535)) }))
        loop.wake.signal()
    }

    /// What the consumer is doing.
    public var state: ConsumerState { shared.state }

    /// When the broker last showed that it serves this consumer: a delivery, or its answer to the periodic question.
    public var lastProof: Date? { shared.lastProof }
}
