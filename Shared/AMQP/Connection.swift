import CRabbitMQ
import Foundation

/// One connection to the broker with its main channel and side channel; owns the C handle, belongs to one thread.
///
/// Any error makes it unusable: the owner drops it and makes another.
final class Connection {
    static let mainChannel: amqp_channel_t = 1

    let arena = Arena()
    /// Grows with every connection of a process's publisher or consumer.
    let generation: UInt64
    /// The name that the broker gave to the topology's nameless queue.
    private(set) var brokerNamedQueue = ""
    private let handle: amqp_connection_state_t
    private var assembler: ContentAssembler
    private var side = SideChannel()

    /// Makes the handle; nothing is connected.
    init(generation: UInt64) throws(AMQPError) {
        guard let handle = amqp_new_connection() else { throw AMQPError(.connection, "out of memory") }
        self.handle = handle
        self.generation = generation
        assembler = ContentAssembler(generation: generation)
    }

    deinit { amqp_destroy_connection(handle) }

    /// The socket, or -1.
    var descriptor: Int32 { amqp_get_sockfd(handle) }

    // MARK: Opening and closing

    /// Connects the socket; bounded by the connect timeout, beside name resolution, which the system's resolver bounds.
    func connect(_ configuration: AMQPConfiguration) throws(AMQPError) {
        let socket = try makeSocket(configuration.tls)
        var timeout = configuration.connectTimeout.timeValue
        let address = "\(configuration.host):\(configuration.port)"
        try check(
            amqp_socket_open_noblock(socket, configuration.host, Int32(configuration.port), &timeout),
            "connect to \(address)")
        try check(amqp_set_handshake_timeout(handle, &timeout), "set the handshake timeout")
        try setAnswerTimeout(configuration.connectTimeout)
    }

    private func makeSocket(_ tls: AMQPConfiguration.TLS?) throws(AMQPError) -> OpaquePointer {
        guard let tls else {
            guard let socket = amqp_tcp_socket_new(handle) else { throw AMQPError(.connection, "no socket") }
            return socket
        }
        guard let socket = amqp_ssl_socket_new(handle) else { throw AMQPError(.connection, "no TLS socket") }
        amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
        amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesHost ? 1 : 0)
        try check(amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST), "require TLS 1.2")
        if tls.verifiesPeer || tls.authorityFile != nil {
            let file = tls.authorityFile ?? "/etc/ssl/certs/ca-certificates.crt"
            try check(amqp_ssl_socket_set_cacert(socket, file), "load the authorities of \(file)")
        }
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            try check(amqp_ssl_socket_set_key(socket, certificate, key), "load the client certificate")
        }
        return socket
    }

    /// Logs in and opens the main channel.
    func login(_ configuration: AMQPConfiguration) throws(AMQPError) {
        // librabbitmq itself does not announce these: without the first, a broker that drops the consumer says nothing.
        let capabilities: [String: HeaderValue] = [
            "consumer_cancel_notify": true, "connection.blocked": true, "basic.nack": true, "publisher_confirms": true,
        ]
        var properties = arena.table([
            "connection_name": .string(configuration.connectionName), "capabilities": .table(capabilities),
        ])
        let reply = amqp_login_plain(
            handle, configuration.virtualHost, 16, Int32(AMQP_DEFAULT_FRAME_SIZE),
            Int32(configuration.heartbeatSeconds), &properties, configuration.user, configuration.password)
        arena.recycle()
        try check(reply, "log in to virtual host \(configuration.virtualHost)")
        amqp_channel_open(handle, Self.mainChannel)
        try check(amqp_get_rpc_reply(handle), "open a channel")
    }

    /// Puts the main channel into confirm mode.
    func selectConfirms() throws(AMQPError) {
        amqp_confirm_select(handle, Self.mainChannel)
        try check(amqp_get_rpc_reply(handle), "select confirms")
    }

    /// Declares everything on the main channel and waits for each answer.
    func declare(_ topology: Topology) throws(AMQPError) {
        for var declaration in topology.declarations {
            if case .binding(var binding) = declaration, binding.queue.isEmpty {
                binding.queue = brokerNamedQueue
                declaration = .binding(binding)
            }
            let status = try perform(declaration)
            if case .queue(let queue) = declaration, queue.name.isEmpty { brokerNamedQueue = status?.name ?? "" }
        }
    }

    private func perform(_ declaration: Declaration) throws(AMQPError) -> QueueStatus? {
        let reply = try declaration.withMethod(arena) { (id, answerID, method) throws(AMQPError) in
            var answers: [amqp_method_number_t] = [answerID, 0]
            return amqp_simple_rpc(handle, Self.mainChannel, id, &answers, method)
        }
        try check(reply, declaration.name)
        guard reply.reply.id == AMQP_QUEUE_DECLARE_OK_METHOD else { return nil }
        return reply.reply.decoded.map { QueueStatus($0.load(as: amqp_queue_declare_ok_t.self)) }
    }

    /// Says goodbye and waits for the answer at most this long.
    func close(within limit: Duration) throws(AMQPError) {
        try setAnswerTimeout(limit)
        try check(amqp_connection_close(handle, Int32(AMQP_REPLY_SUCCESS)), "close")
    }

    /// Fails the side channel's requests, because the connection is given up.
    func abandon(_ error: AMQPError) { side.fail(error) }

    // MARK: Sending

    /// Sends a method without waiting for an answer.
    func send(
        _ channel: amqp_channel_t, _ id: amqp_method_number_t, _ method: UnsafeMutableRawPointer
    ) throws(AMQPError) {
        try check(amqp_send_method(handle, channel, id, method), "send a method")
    }

    /// Sends a declaration over the side channel.
    func request(_ declaration: Declaration, _ promise: Promise<QueueStatus?>? = nil) throws(AMQPError) {
        try side.add(SideChannel.Request(declaration: declaration, promise: promise), self)
    }

    /// Sends a message; its delivery tag goes along when the broker may return it.
    func publish(_ publication: Publication, tag: UInt64) throws(AMQPError) {
        defer { arena.recycle() }
        let message = publication.message
        var properties = arena.properties(of: message, sequence: publication.mandatory ? tag : nil)
        let status = message.body.withUnsafeBufferPointer { body in
            amqp_basic_publish(
                handle, Self.mainChannel, arena.bytes(publication.exchange), arena.bytes(publication.routingKey),
                publication.mandatory ? 1 : 0, 0, &properties,
                amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)))
        }
        try check(status, "publish")
    }

    func acknowledge(_ tag: UInt64, multiple: Bool) throws(AMQPError) {
        try check(amqp_basic_ack(handle, Self.mainChannel, tag, multiple ? 1 : 0), "acknowledge")
    }

    func reject(_ tag: UInt64, requeue: Bool) throws(AMQPError) {
        try check(amqp_basic_nack(handle, Self.mainChannel, tag, 0, requeue ? 1 : 0), "reject")
    }

    /// Asks to be sent at most `prefetch` unsettled deliveries of a queue, with basic.qos and basic.consume.
    func consume(_ queue: String, consumerTag: String, prefetch: Int, exclusive: Bool) throws(AMQPError) {
        defer { arena.recycle() }
        var qos = amqp_basic_qos_t()
        qos.prefetch_count = UInt16(clamping: prefetch)
        try send(Self.mainChannel, AMQP_BASIC_QOS_METHOD, &qos)
        var consume = amqp_basic_consume_t()
        consume.queue = arena.bytes(queue)
        consume.consumer_tag = arena.bytes(consumerTag)
        consume.exclusive = exclusive ? 1 : 0
        try send(Self.mainChannel, AMQP_BASIC_CONSUME_METHOD, &consume)
    }

    func cancel(consumerTag: String) throws(AMQPError) {
        defer { arena.recycle() }
        var cancel = amqp_basic_cancel_t()
        cancel.consumer_tag = arena.bytes(consumerTag)
        try send(Self.mainChannel, AMQP_BASIC_CANCEL_METHOD, &cancel)
    }

    /// Keeps small frames together in one packet (true) and sends what is left (false).
    func setCork(_ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether the socket's buffer has room: Linux says so while at least a third of it is free.
    var isWritable: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    // MARK: Receiving

    /// Whether a frame can be had without the socket.
    var hasBufferedInput: Bool { amqp_frames_enqueued(handle) != 0 || amqp_data_in_buffer(handle) != 0 }

    /// The next frame that is there, or nil; never waits. Also sends heartbeats when due and notices missing ones.
    func nextFrame() throws(AMQPError) -> Frame? {
        var frame = amqp_frame_t()
        var immediately = timeval(tv_sec: 0, tv_usec: 0)
        let status = amqp_simple_wait_frame_noblock(handle, &frame, &immediately)
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        try check(status, "read")
        defer { amqp_maybe_release_buffers_on_channel(handle, frame.channel) }
        return try decode(frame)
    }

    private func decode(_ frame: amqp_frame_t) throws(AMQPError) -> Frame {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD where frame.channel == SideChannel.number:
            return try side.received(frame.payload.method, self)
        case AMQP_FRAME_METHOD:
            return try decode(frame.payload.method)
        case AMQP_FRAME_HEADER:
            guard let decoded = frame.payload.properties.decoded else { throw AMQPError.noAnswer }
            let properties = decoded.load(as: amqp_basic_properties_t.self)
            return try assembler.add(properties, bodySize: frame.payload.properties.body_size) ?? .ignored
        case AMQP_FRAME_BODY:
            return try assembler.add(frame.payload.body_fragment) ?? .ignored
        default:
            return .ignored
        }
    }

    private func decode(_ method: amqp_method_t) throws(AMQPError) -> Frame {
        guard let decoded = method.decoded else { return .ignored }
        switch method.id {
        case AMQP_BASIC_DELIVER_METHOD: assembler.start(decoded.load(as: amqp_basic_deliver_t.self))
        case AMQP_BASIC_RETURN_METHOD: assembler.start(decoded.load(as: amqp_basic_return_t.self))
        case AMQP_BASIC_ACK_METHOD:
            let ack = decoded.load(as: amqp_basic_ack_t.self)
            return .decided(tag: ack.delivery_tag, multiple: ack.multiple != 0, isAck: true)
        case AMQP_BASIC_NACK_METHOD:
            let nack = decoded.load(as: amqp_basic_nack_t.self)
            return .decided(tag: nack.delivery_tag, multiple: nack.multiple != 0, isAck: false)
        case AMQP_BASIC_CONSUME_OK_METHOD:
            return .consuming(consumerTag: String(decoded.load(as: amqp_basic_consume_ok_t.self).consumer_tag))
        case AMQP_BASIC_CANCEL_OK_METHOD:
            return .consumerCancelled(consumerTag: String(decoded.load(as: amqp_basic_cancel_ok_t.self).consumer_tag))
        case AMQP_BASIC_CANCEL_METHOD:
            return .cancelledByServer(consumerTag: String(decoded.load(as: amqp_basic_cancel_t.self).consumer_tag))
        case AMQP_CONNECTION_BLOCKED_METHOD:
            return .blocked(reason: String(decoded.load(as: amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: return .unblocked
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = decoded.load(as: amqp_channel_close_t.self)
            return .channelClosed(AMQPError(.channel(code: Int(close.reply_code)), String(close.reply_text)))
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = decoded.load(as: amqp_connection_close_t.self)
            let error = AMQPError(.connection, "closed by the broker: \(close.reply_code) \(String(close.reply_text))")
            var ok = amqp_connection_close_ok_t()
            try send(0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok)
            throw error
        default: break
        }
        return .ignored
    }

    // MARK: Checks

    private func setAnswerTimeout(_ limit: Duration) throws(AMQPError) {
        var timeout = limit.timeValue
        try check(amqp_set_rpc_timeout(handle, &timeout), "set the answer timeout")
    }

    private func check(_ status: Int32, _ action: @autoclosure () -> String) throws(AMQPError) {
        guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(status: status, action()) }
    }

    private func check(_ reply: amqp_rpc_reply_t, _ action: @autoclosure () -> String) throws(AMQPError) {
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw AMQPError(reply: reply, action()) }
    }
}
