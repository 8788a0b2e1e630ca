import CRabbitMQ

/// One step of declaring a topology, a question about a queue, or its end.
enum Declaration: Sendable {
    case exchange(Exchange)
    case queue(Queue)
    case binding(Binding)
    /// Asks for a queue's status without making it.
    case passive(queue: String)
    case deletion(queue: String)

    /// The method's number, its answer's number, and the method itself, which is valid while `body` runs.
    func withMethod<Result>(
        _ arena: Arena,
        _ body: (amqp_method_number_t, amqp_method_number_t, UnsafeMutableRawPointer) throws(AMQPError) -> Result
    ) throws(AMQPError) -> Result {
        defer { arena.recycle() }
        switch self {
        case .exchange(let exchange):
            var arguments: [String: HeaderValue] = [:]
            arguments["alternate-exchange"] = exchange.alternateExchange.map { .string($0) }
            var method = amqp_exchange_declare_t()
            method.exchange = arena.bytes(exchange.name)
            method.type = arena.bytes(exchange.kind.rawValue)
            method.durable = exchange.durable ? 1 : 0
            method.auto_delete = exchange.autoDelete ? 1 : 0
            method.arguments = arena.table(arguments)
            return try body(AMQP_EXCHANGE_DECLARE_METHOD, AMQP_EXCHANGE_DECLARE_OK_METHOD, &method)
        case .queue(let queue):
            var method = amqp_queue_declare_t()
            method.queue = arena.bytes(queue.name)
            method.durable = queue.durable ? 1 : 0
            method.exclusive = queue.exclusive ? 1 : 0
            method.auto_delete = queue.autoDelete ? 1 : 0
            method.arguments = arena.table(queue.arguments)
            return try body(AMQP_QUEUE_DECLARE_METHOD, AMQP_QUEUE_DECLARE_OK_METHOD, &method)
        case .passive(let name):
            var method = amqp_queue_declare_t()
            method.queue = arena.bytes(name)
            method.passive = 1
            return try body(AMQP_QUEUE_DECLARE_METHOD, AMQP_QUEUE_DECLARE_OK_METHOD, &method)
        case .deletion(let name):
            var method = amqp_queue_delete_t()
            method.queue = arena.bytes(name)
            return try body(AMQP_QUEUE_DELETE_METHOD, AMQP_QUEUE_DELETE_OK_METHOD, &method)
        case .binding(let binding):
            var method = amqp_queue_bind_t()
            method.queue = arena.bytes(binding.queue)
            method.exchange = arena.bytes(binding.exchange)
            method.routing_key = arena.bytes(binding.routingKey)
            return try body(AMQP_QUEUE_BIND_METHOD, AMQP_QUEUE_BIND_OK_METHOD, &method)
        }
    }

    /// For messages to people.
    var name: String {
        switch self {
        case .exchange(let exchange): "declare exchange \(exchange.name)"
        case .queue(let queue): "declare queue \(queue.name)"
        case .binding(let binding): "bind queue \(binding.queue) to \(binding.exchange)"
        case .passive(let queue): "ask for queue \(queue)"
        case .deletion(let queue): "delete queue \(queue)"
        }
    }
}

extension Topology {
    /// Its declarations in an order in which each finds what it names.
    var declarations: [Declaration] {
        exchanges.map(Declaration.exchange) + queues.map(Declaration.queue) + bindings.map(Declaration.binding)
    }
}

extension QueueStatus {
    init(_ method: amqp_queue_declare_ok_t) {
        self.init(
            name: String(method.queue), messagesReady: Int(method.message_count), consumers: Int(method.consumer_count))
    }
}
