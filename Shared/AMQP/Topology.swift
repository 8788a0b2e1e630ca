/// An exchange to declare.
public struct Exchange: Sendable, Hashable {
    /// How an exchange chooses queues.
    public enum Kind: String, Sendable, Hashable {
        /// By equal routing key.
        case direct
        /// Every bound queue.
        case fanout
        /// By pattern of dot-separated words.
        case topic
    }

    /// Its name.
    public var name: String
    /// How it chooses queues.
    public var kind: Kind
    /// Whether it survives a restart of the broker.
    public var durable: Bool
    /// Whether it goes with its last binding.
    public var autoDelete: Bool
    /// Where messages go that match no queue.
    public var alternateExchange: String?

    /// Makes an exchange, durable by default.
    public init(
        name: String, kind: Kind, durable: Bool = true, autoDelete: Bool = false, alternateExchange: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.durable = durable
        self.autoDelete = autoDelete
        self.alternateExchange = alternateExchange
    }
}

/// A queue to declare.
public struct Queue: Sendable, Hashable {
    /// Its name; empty to let the broker choose one, anew for each connection.
    public var name: String
    /// Whether it survives a restart of the broker.
    public var durable: Bool
    /// Whether only this connection may use it; it goes with the connection.
    public var exclusive: Bool
    /// Whether it goes with its last consumer.
    public var autoDelete: Bool
    /// The broker's options, such as `x-queue-type` and `x-dead-letter-exchange`.
    public var arguments: [String: HeaderValue]

    /// Makes a queue, durable by default.
    public init(
        name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        arguments: [String: HeaderValue] = [:]
    ) {
        self.name = name
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.arguments = arguments
    }

    /// A durable, replicated quorum queue.
    public static func quorum(_ name: String, arguments: [String: HeaderValue] = [:]) -> Queue {
        Queue(name: name, arguments: arguments.merging(["x-queue-type": "quorum"]) { own, _ in own })
    }

    /// A transient queue of this connection alone, named by the broker.
    public static var transient: Queue { Queue(name: "", durable: false, exclusive: true, autoDelete: true) }
}

/// A route from an exchange to a queue.
public struct Binding: Sendable, Hashable {
    /// The queue's name; empty for the queue that the broker names.
    public var queue: String
    /// The exchange's name.
    public var exchange: String
    /// The key or pattern.
    public var routingKey: String

    /// Makes a binding.
    public init(queue: String, exchange: String, routingKey: String = "") {
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
    }
}

/// What must exist before a connection is used; declared again after every reconnect, in this order.
public struct Topology: Sendable, Hashable {
    /// Declared first.
    public var exchanges: [Exchange]
    /// Declared second; at most one without a name.
    public var queues: [Queue]
    /// Made last.
    public var bindings: [Binding]

    /// Makes a topology.
    public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Adds what is not yet in it; a queue or exchange of the same name is replaced.
    public mutating func merge(_ other: Topology) {
        exchanges.removeAll { own in other.exchanges.contains { $0.name == own.name } }
        queues.removeAll { own in other.queues.contains { $0.name == own.name } }
        bindings.removeAll { other.bindings.contains($0) }
        exchanges += other.exchanges
        queues += other.queues
        bindings += other.bindings
    }
}

/// What the broker said of a queue when it was declared.
public struct QueueStatus: Sendable, Hashable {
    /// The queue's name, chosen by the broker when none was given.
    public let name: String
    /// Messages that wait for a consumer, without those delivered and not yet settled.
    public let messagesReady: Int
    /// Consumers on the queue, of all connections.
    public let consumers: Int
}
