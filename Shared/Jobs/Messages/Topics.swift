import AMQP

/// The names of what Switchyard declares at the broker, and how it is declared.
public enum Topics {
    /// Direct exchange for commands; the routing key is the job's type.
    public static let jobs = "switchyard.jobs"
    /// Fanout exchange for what no queue takes: a command of a type that no worker has registered.
    public static let unrouted = "switchyard.unrouted"
    /// Fanout exchange for commands that cannot be run.
    public static let dead = "switchyard.dead"
    /// The queue behind `dead` and `unrouted`, which the gateways collect into the database.
    public static let deadQueue = "switchyard.dead"
    /// Fanout exchange for requests to running jobs.
    public static let control = "switchyard.control"
    /// Topic exchange for what happens to jobs; the routing key is `job.<type>.<word>`.
    public static let events = "switchyard.events"

    /// What the relay of events declares.
    public static let eventsTopology = Topology(exchanges: [Exchange(name: events, kind: .topic, durable: true)])

    /// The header that says why a message is dead, in a word, and the one that explains it.
    public static let reasonHeader = "x-switchyard-reason"
    /// The header that explains the reason in a sentence.
    public static let detailHeader = "x-switchyard-detail"
    /// The header with the routing key that a dead command came with.
    public static let routingKeyHeader = "x-switchyard-routing-key"
    /// The header with the number of workers that a job has taken down.
    public static let crashesHeader = "x-switchyard-crashes"
    /// The `app-id` of commands whose row is known to exist.
    public static let dispatcher = "switchyard.dispatcher"

    /// The queue of a type's commands.
    public static func queue(ofType type: String) -> String { "jobs." + type }

    /// How often a quorum queue hands a message out again before it is dead.
    static let deliveryLimit: Int64 = 20

    /// The queue of a type's commands, as it is declared.
    public static func commands(ofType type: String) -> Queue {
        Queue(
            name: queue(ofType: type), durable: true,
            arguments: [
                "x-queue-type": "quorum", "x-dead-letter-exchange": .string(dead),
                "x-delivery-limit": .int(deliveryLimit),
            ])
    }

    /// Exchanges, the dead-letter queue, and the queues of these types.
    public static func topology(types: [String]) -> Topology {
        let queues = types.map(commands(ofType:))
        return Topology(
            exchanges: [
                Exchange(name: unrouted, kind: .fanout, durable: true),
                Exchange(name: jobs, kind: .direct, durable: true, alternateExchange: unrouted),
                Exchange(name: dead, kind: .fanout, durable: true),
                Exchange(name: control, kind: .fanout, durable: true),
            ],
            queues: [Queue(name: deadQueue, durable: true, arguments: ["x-queue-type": "quorum"])] + queues,
            bindings: [
                Binding(queue: deadQueue, exchange: dead, routingKey: ""),
                Binding(queue: deadQueue, exchange: unrouted, routingKey: ""),
            ] + types.map { Binding(queue: queue(ofType: $0), exchange: jobs, routingKey: $0) })
    }
}

extension Topics {
    /// A worker's own queue for requests to running jobs; it goes with the worker's connection.
    public static func controlQueue(of worker: String) -> (name: String, topology: Topology) {
        let queue = Queue(name: "switchyard.control." + worker, durable: false, exclusive: true, autoDelete: true)
        return (
            queue.name,
            Topology(
                exchanges: [Exchange(name: control, kind: .fanout, durable: true)], queues: [queue],
                bindings: [Binding(queue: queue.name, exchange: control, routingKey: "")])
        )
    }
}
