import Concurrency
import Foundation
import Synchronization

/// Publishes messages with the broker's confirmation: one connection, one thread, one channel, many publications in flight.
public final class Publisher: Sendable {
    /// How the broker decided on a publication.
    public enum Outcome: Sendable, Hashable {
        /// The broker is responsible for it now.
        case confirmed
        /// It was mandatory and no queue took it (312 is "no route").
        case returned(code: Int, text: String)
        /// The broker could not take it (basic.nack).
        case rejected
    }

    private let state: PublisherState
    private let loop: ConnectionLoop
    private let onEvent: @Sendable (AMQPEvent) -> Void

    /// Makes a publisher; nothing is connected before `run`.
    ///
    /// - Parameters:
    ///   - topology: declared after every connect.
    ///   - maxInFlight: how many publications may be sent and undecided; as many again may wait, and one more batch.
    ///   - onEvent: called on the connection's thread; must not block.
    public init(
        _ configuration: AMQPConfiguration, topology: Topology, maxInFlight: Int = 4096,
        onEvent: @escaping @Sendable (AMQPEvent) -> Void = { _ in }
    ) {
        state = PublisherState(topology: topology, maxInFlight: maxInFlight)
        loop = ConnectionLoop(configuration, onEvent: onEvent)
        self.onEvent = onEvent
    }

    /// Keeps the connection until the task is cancelled, reconnecting with backoff; then waits up to 2 s for what is in flight.
    ///
    /// - Throws: `.usage` when it was run before. It returns normally when cancelled.
    public func run() async throws {
        try state.shared.withLock { shared throws(AMQPError) in
            if let fault = shared.topology.fault { throw fault }
            guard shared.phase == .new else { throw AMQPError(.usage, "a publisher runs once") }
            shared.phase = .running
        }
        await withTaskCancellationHandler {
            await loop.run(tick: state.expire) { [state, onEvent] in PublisherDriver(state, onEvent: onEvent) }
        } onCancel: {
            loop.stop()
        }
        state.end()
    }

    /// Sends one message and waits for the broker's decision.
    ///
    /// While the connection is down it waits for the next one; what was sent on a connection that is lost fails with `.connection`.
    /// - Parameter timeout: the whole time that it may take.
    public func publish(
        _ message: Message, exchange: String, routingKey: String, mandatory: Bool = true,
        timeout: Duration = .seconds(10)
    ) async throws(AMQPError) -> Outcome {
        let publication = Publication(message, exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        guard let result = await publish(batch: [publication], timeout: timeout).first else {
            preconditionFailure("a batch answers one result per publication")
        }
        return try result.get()
    }

    /// Sends many messages in one hop and answers when all are decided, in their order.
    ///
    /// - Parameter timeout: for the whole batch; what is undecided then fails with `.timeout`.
    public func publish(
        batch: [Publication], timeout: Duration = .seconds(10)
    ) async -> [Result<Outcome, AMQPError>] {
        guard !batch.isEmpty else { return [] }
        let faults = batch.map(\.fault)
        guard faults.allSatisfy({ $0 == nil }) else {
            // Rare: only the faulty ones fail, the others go their way.
            let sound = zip(batch, faults).filter { $0.1 == nil }.map(\.0)
            var results = await publish(batch: sound, timeout: timeout).makeIterator()
            return faults.map { fault in
                fault.map { .failure($0) } ?? results.next() ?? .failure(AMQPError(.closed, "no result"))
            }
        }
        return await send(batch, timeout: timeout)
    }

    private func send(_ batch: [Publication], timeout: Duration) async -> [Result<Outcome, AMQPError>] {
        let deadline = ContinuousClock.now + timeout
        return await withCheckedContinuation { (continuation: PublishLedger.Continuation) in
            let refusal = state.shared.withLock { shared -> AMQPError? in
                guard shared.phase != .ended else { return AMQPError(.closed, "the publisher has stopped") }
                guard shared.ledger.admit(batch, deadline: deadline, continuation) else {
                    return AMQPError(.overflow, "too many publications wait for the broker")
                }
                if shared.phase == .new { expireLater(deadline) }
                return nil
            }
            if let refusal {
                continuation.resume(returning: batch.map { _ in .failure(refusal) })
            } else {
                loop.wake.signal()
            }
        }
    }

    /// Keeps the deadline of what is published before `run`, which keeps the others.
    private func expireLater(_ deadline: ContinuousClock.Instant) {
        Task.detached { [state] in
            do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
            state.expire()
        }
    }

    /// Whether a connection is up and its topology declared.
    public var isConnected: Bool { state.isConnected.load(ordering: .acquiring) }

    /// Declares a queue, making it if it is missing, and answers how many messages and consumers it has.
    ///
    /// - Throws: `.channel(406)` when it exists with other properties; publishing goes on undisturbed.
    public func declare(_ queue: Queue, timeout: Duration = .seconds(10)) async throws(AMQPError) -> QueueStatus {
        if let fault = Topology(queues: [queue]).fault { throw fault }
        guard let status = try await request(.queue(queue), timeout: timeout) else { throw AMQPError.noAnswer }
        return status
    }

    /// Deletes a queue with its messages; one that does not exist is fine.
    public func delete(queue: String, timeout: Duration = .seconds(10)) async throws(AMQPError) {
        if let fault = Topology(queues: [Queue(name: queue)]).fault { throw fault }
        _ = try await request(.deletion(queue: queue), timeout: timeout)
    }

    private func request(_ declaration: Declaration, timeout: Duration) async throws(AMQPError) -> QueueStatus? {
        let promise = Promise<QueueStatus?>()
        let refusal = state.shared.withLock { shared -> AMQPError? in
            guard shared.phase != .ended else { return AMQPError(.closed, "the publisher has stopped") }
            guard shared.requests.count < 1000 else { return AMQPError(.overflow, "too many declarations wait") }
            shared.requests.append((declaration, promise))
            return nil
        }
        if let refusal { throw refusal }
        loop.wake.signal()
        let result = await promise.value(timeout: timeout)
        // Without a connection nothing else takes it out, and nobody wants its answer any more.
        if case .failure(let error) = result, error.kind == .timeout {
            state.shared.withLock { $0.requests.removeAll { $0.1 === promise } }
        }
        return try result.get()
    }

    /// Adds to what is declared after every reconnect and declares it now.
    ///
    /// - Throws: what `declare` throws. The addition is kept only when all of it was accepted, as one that the broker refuses would
    ///   keep every later connection from coming up: call it again after an error.
    public func update(topology: Topology, timeout: Duration = .seconds(10)) async throws(AMQPError) {
        if let fault = topology.fault { throw fault }
        guard topology.queues.allSatisfy({ !$0.name.isEmpty }), topology.bindings.allSatisfy({ !$0.queue.isEmpty })
        else {
            throw AMQPError(.usage, "queues that the broker names belong into the first topology")
        }
        let deadline = ContinuousClock.now + timeout
        for declaration in topology.declarations {
            _ = try await request(declaration, timeout: max(.zero, ContinuousClock.now.duration(to: deadline)))
        }
        state.shared.withLock { $0.topology.merge(topology) }
    }
}
