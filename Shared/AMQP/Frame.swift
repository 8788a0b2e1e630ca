import CRabbitMQ

/// What the broker sent, as values that outlive librabbitmq's buffers.
enum Frame {
    /// A confirmation, of every publication up to `tag` when `multiple`.
    case decided(tag: UInt64, multiple: Bool, isAck: Bool)
    /// A message for the consumer.
    case delivery(Delivery)
    /// A publication that no queue took.
    case returned(Return)
    /// The broker has attached the consumer with this tag.
    case consuming(consumerTag: String)
    /// The broker has detached the consumer, as we asked.
    case consumerCancelled(consumerTag: String)
    /// The broker has detached the consumer by itself.
    case cancelledByServer(consumerTag: String)
    /// The answer to a request on the side channel.
    case answered(SideChannel.Request, Result<QueueStatus?, AMQPError>)
    /// The broker closed the main channel.
    case channelClosed(AMQPError)
    /// The broker takes no publications.
    case blocked(reason: String)
    /// The broker takes publications again.
    case unblocked
    /// Nothing that anybody waits for.
    case ignored

    struct Return {
        var code: Int
        var text: String
        var exchange: String
        var routingKey: String
        /// From the private header; nil when the broker did not hand it back.
        var sequence: UInt64?
    }
}

/// Puts a message together from its frames: method, properties, body fragments.
struct ContentAssembler {
    private enum Head {
        case delivery(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case returned(Frame.Return)
    }

    private let generation: UInt64
    private var head: Head?
    private var message: Message?
    private var missing = 0

    init(generation: UInt64) { self.generation = generation }

    mutating func start(_ deliver: amqp_basic_deliver_t) {
        head = .delivery(
            tag: deliver.delivery_tag, redelivered: deliver.redelivered != 0,
            exchange: String(deliver.exchange), routingKey: String(deliver.routing_key))
    }

    mutating func start(_ returned: amqp_basic_return_t) {
        head = .returned(
            Frame.Return(
                code: Int(returned.reply_code), text: String(returned.reply_text),
                exchange: String(returned.exchange), routingKey: String(returned.routing_key)))
    }

    mutating func add(_ properties: amqp_basic_properties_t, bodySize: UInt64) throws(AMQPError) -> Frame? {
        guard head != nil, let size = Int(exactly: bodySize) else { throw Self.outOfOrder }
        message = Message(properties)
        missing = size
        return try finishIfComplete()
    }

    mutating func add(_ fragment: amqp_bytes_t) throws(AMQPError) -> Frame? {
        let bytes = UnsafeRawBufferPointer(fragment)
        guard message != nil, bytes.count <= missing else { throw Self.outOfOrder }
        if message?.body.isEmpty == true { message?.body.reserveCapacity(missing) }
        message?.body.append(contentsOf: bytes)
        missing -= bytes.count
        return try finishIfComplete()
    }

    private mutating func finishIfComplete() throws(AMQPError) -> Frame? {
        guard missing == 0 else { return nil }
        guard let head, var message else { throw Self.outOfOrder }
        self.head = nil
        self.message = nil
        let sequence = message.headers.removeValue(forKey: sequenceHeader)?.int
        switch head {
        case .delivery(let tag, let redelivered, let exchange, let routingKey):
            return .delivery(
                Delivery(
                    message: message, deliveryTag: tag, redelivered: redelivered, exchange: exchange,
                    routingKey: routingKey, connectionGeneration: generation))
        case .returned(var returned):
            returned.sequence = sequence.map { UInt64(bitPattern: $0) }
            return .returned(returned)
        }
    }

    private static var outOfOrder: AMQPError { AMQPError(.connection, "frames of a message came out of order") }
}
