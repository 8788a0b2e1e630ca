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
    }

    /// Keeps the connection until the task is cancelled, reconnecting with backoff; then waits up to 2 s for what is in flight.
    ///
    /// - Throws: `.usage` when it was run before. It returns normally when cancelled.
    public func run() async throws {
    }

    /// Sends one message and waits for the broker's decision.
    ///
    /// While the connection is down it waits for the next one; what was sent on a connection that is lost fails with `.connection`.
    /// - Parameter timeout: the whole time that it may take.
    public func publish(
        _ message: Message, exchange: String, routingKey: String, mandatory: Bool = true,
        timeout: Duration = .seconds(10)
    ) async throws(AMQPError) -> Outcome {
        throw AMQPError(.closed, "the module is not finished")
    }

    /// Sends many messages in one hop and answers when all are decided, in their order.
    ///
    /// - Parameter timeout: for the whole batch; what is undecided then fails with `.timeout`.
    public func publish(
        batch: [Publication], timeout: Duration = .seconds(10)
    ) async -> [Result<Outcome, AMQPError>] {
        batch.map { _ in .failure(AMQPError(.closed, "the module is not finished")) }
    }

    /// Whether a connection is up and its topology declared.
    public var isConnected: Bool { false }

    /// Declares a queue, making it if it is missing, and answers how many messages and consumers it has.
    ///
    /// - Throws: `.channel(406)` when it exists with other properties; publishing goes on undisturbed.
    public func declare(_ queue: Queue, timeout: Duration = .seconds(10)) async throws(AMQPError) -> QueueStatus {
        throw AMQPError(.closed, "the module is not finished")
    }

    /// Adds to what is declared after every reconnect and declares it now.
    ///
    /// - Throws: what `declare` throws; the addition is kept only when no declaration was refused.
    public func update(topology: Topology, timeout: Duration = .seconds(10)) async throws(AMQPError) {
        throw AMQPError(.closed, "the module is not finished")
    }
}
