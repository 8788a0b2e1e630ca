/// Why an operation on the broker failed.
public struct AMQPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller may branch on.
    public enum Kind: Sendable, Hashable {
        /// The connection could not be made or was lost; what was in flight may or may not have arrived.
        case connection
        /// The broker closed the channel with this reply code (404 not found, 405 locked, 406 precondition failed).
        case channel(code: Int)
        /// The time that the caller gave ran out; a message that was sent may still arrive.
        case timeout
        /// `run` has ended: nothing was sent.
        case closed
        /// The caller passed something that can never work.
        case usage
        /// The bound of waiting publications is reached: nothing was sent, the caller should shed load.
        case overflow
    }

    /// What a caller may branch on.
    public let kind: Kind
    /// The detail for people, without credentials.
    public let message: String

    /// Makes an error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// A sentence for people.
    public var description: String {
        switch kind {
        case .connection: "AMQP connection: \(message)"
        case .channel(let code): "AMQP channel closed (\(code)): \(message)"
        case .timeout: "AMQP timeout: \(message)"
        case .closed: "AMQP closed: \(message)"
        case .usage: "AMQP usage: \(message)"
        case .overflow: "AMQP overflow: \(message)"
        }
    }
}

/// What happens to a connection beside its callers' own results; meant for the log. Called on the connection's thread: do not block.
public enum AMQPEvent: Sendable, Hashable {
    /// The connection is up, its topology declared.
    case connected
    /// The connection failed or could not be made; the next attempt follows with backoff.
    case disconnected(AMQPError)
    /// The broker cancelled the consumer (queue deleted, node down); the consumer reconnects.
    case cancelledByServer(queue: String)
    /// The broker no longer takes publications (memory or disk alarm); they wait until their deadline.
    case blocked(reason: String)
    /// The broker takes publications again.
    case unblocked
    /// A mandatory message had no queue to go to; its publisher also sees it as the outcome.
    case returned(exchange: String, routingKey: String, code: Int, text: String)
    /// The consumer is attached but gets nothing although messages are ready; it reconnects.
    case deaf(queue: String)
    /// The broker refused a declaration made with `declare` or `update`; its caller also gets the error.
    case declarationRefused(AMQPError)
}
