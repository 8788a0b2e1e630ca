import CRabbitMQ

/// Declares on a channel of its own, so that a refusal, which closes the channel, never touches publishing or consuming.
///
/// Order of effects: requests are sent one at a time, so a close of the channel belongs to exactly the one that is out; the
/// channel is opened again for the next. A request that is never answered blocks those behind it; their callers' own
/// deadlines, or the consumer's proof, end that.
struct SideChannel {
    static let number: amqp_channel_t = 2
    private static let maxRequests = 1000

    struct Request {
        let declaration: Declaration
        /// Who waits for the answer, if anybody beside the connection's driver.
        let promise: Promise<QueueStatus?>?
    }

    private enum State { case closed, opening, idle, busy }

    private var state = State.closed
    private var requests: [Request] = []

    /// Adds a request; its answer comes as `Frame.answered`.
    mutating func add(_ request: Request, _ connection: Connection) throws(AMQPError) {
        guard requests.count < Self.maxRequests else {
            request.promise?.resolve(.failure(AMQPError(.overflow, "too many declarations wait")))
            return
        }
        requests.append(request)
        try advance(connection)
    }

    /// Handles a method on the side channel.
    mutating func received(_ method: amqp_method_t, _ connection: Connection) throws(AMQPError) -> Frame {
        switch method.id {
        case AMQP_CHANNEL_OPEN_OK_METHOD:
            state = .idle
            try advance(connection)
            return .ignored
        case AMQP_CHANNEL_CLOSE_METHOD:
            var ok = amqp_channel_close_ok_t()
            try connection.send(Self.number, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok)
            state = .closed
            let name = requests.first?.declaration.name ?? "side channel"
            guard let decoded = method.decoded else { return try answer(.failure(.noAnswer), connection) }
            let close = decoded.load(as: amqp_channel_close_t.self)
            let text = "\(name): \(String(close.reply_text))"
            return try answer(.failure(AMQPError(.channel(code: Int(close.reply_code)), text)), connection)
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            state = .idle
            guard let decoded = method.decoded else { return try answer(.failure(.noAnswer), connection) }
            return try answer(.success(QueueStatus(decoded.load(as: amqp_queue_declare_ok_t.self))), connection)
        case AMQP_EXCHANGE_DECLARE_OK_METHOD, AMQP_QUEUE_BIND_OK_METHOD, AMQP_QUEUE_DELETE_OK_METHOD:
            state = .idle
            return try answer(.success(nil), connection)
        default:
            return .ignored
        }
    }

    /// Fails whatever waits, because the connection is gone.
    mutating func fail(_ error: AMQPError) {
        for request in requests { request.promise?.resolve(.failure(error)) }
        requests = []
        state = .closed
    }

    private mutating func answer(
        _ result: Result<QueueStatus?, AMQPError>, _ connection: Connection
    ) throws(AMQPError) -> Frame {
        guard !requests.isEmpty else { return .ignored }
        let request = requests.removeFirst()
        request.promise?.resolve(result)
        try advance(connection)
        return .answered(request, result)
    }

    private mutating func advance(_ connection: Connection) throws(AMQPError) {
        guard let next = requests.first else { return }
        switch state {
        case .opening, .busy: return
        case .closed:
            var open = amqp_channel_open_t()
            try connection.send(Self.number, AMQP_CHANNEL_OPEN_METHOD, &open)
            state = .opening
        case .idle:
            try next.declaration.withMethod(connection.arena) { (id, _, method) throws(AMQPError) in
                try connection.send(Self.number, id, method)
            }
            state = .busy
        }
    }
}

extension AMQPError {
    static var noAnswer: AMQPError { AMQPError(.connection, "the broker's answer could not be read") }
}
