extension Publication {
    /// Why this can never be sent, or nil.
    ///
    /// Checked before anything is written: librabbitmq finds such faults between the frames of a message, where only closing
    /// the connection, and with it everything in flight, would be left.
    var fault: AMQPError? {
        for text in [exchange, routingKey] where text.utf8.count > 255 {
            return AMQPError(.usage, "exchange and routing key are at most 255 bytes each")
        }
        for text in [message.messageID, message.correlationID, message.type, message.contentType, message.appID] {
            if let text, text.utf8.count > 255 {
                return AMQPError(.usage, "the texts of a message's properties are at most 255 bytes each")
            }
        }
        if let expiration = message.expiration, expiration < .zero {
            return AMQPError(.usage, "an expiration is not negative")
        }
        if message.headers.isEmpty { return nil }
        guard let size = HeaderValue.encodedSize(of: message.headers) else {
            return AMQPError(.usage, "names of headers are at most 128 bytes")
        }
        return size <= HeaderValue.maxTableSize ? nil : AMQPError(.usage, "headers are at most 64 KiB")
    }
}

extension HeaderValue {
    /// Headers and arguments must fit into one frame (128 KiB) beside the other properties.
    static let maxTableSize = 65_536

    /// The encoded size in bytes, or nil when a name is too long.
    static func encodedSize(of table: [String: HeaderValue]) -> Int? {
        var total = 4
        for (name, value) in table {
            guard name.utf8.count <= 128, let size = value.encodedSize else { return nil }
            total += 1 + name.utf8.count + size
        }
        return total
    }

    private var encodedSize: Int? {
        switch self {
        case .null: return 1
        case .bool: return 2
        case .int, .double, .timestamp: return 9
        case .string(let text): return 5 + text.utf8.count
        case .bytes(let bytes): return 5 + bytes.count
        case .table(let table): return HeaderValue.encodedSize(of: table).map { $0 + 1 }
        case .array(let values):
            var total = 5
            for value in values {
                guard let size = value.encodedSize else { return nil }
                total += size
            }
            return total
        }
    }
}

extension Topology {
    /// Why this can never be declared, or nil.
    var fault: AMQPError? {
        let names =
            exchanges.flatMap { [$0.name, $0.alternateExchange ?? ""] } + queues.map(\.name)
            + bindings.flatMap { [$0.queue, $0.exchange, $0.routingKey] }
        if names.contains(where: { $0.utf8.count > 255 }) {
            return AMQPError(.usage, "names of exchanges and queues and routing keys are at most 255 bytes")
        }
        if exchanges.contains(where: { $0.name.isEmpty }) || bindings.contains(where: { $0.exchange.isEmpty }) {
            return AMQPError(.usage, "the default exchange can be neither declared nor bound")
        }
        if queues.count(where: { $0.name.isEmpty }) > 1 {
            return AMQPError(.usage, "a topology has at most one queue that the broker names")
        }
        for queue in queues {
            guard let size = HeaderValue.encodedSize(of: queue.arguments), size <= HeaderValue.maxTableSize else {
                return AMQPError(.usage, "the arguments of queue \(queue.name) are too large")
            }
        }
        return nil
    }
}

extension ConsumerDriver.Options {
    /// Why this can never consume, or nil.
    var fault: AMQPError? {
        if let fault = topology.fault { return fault }
        guard (1...65535).contains(prefetch) else { return AMQPError(.usage, "prefetch must be 1 to 65535") }
        guard proofInterval > .zero else { return AMQPError(.usage, "the proof interval must be positive") }
        guard queue.utf8.count <= 255 else { return AMQPError(.usage, "the name of a queue is at most 255 bytes") }
        guard !queue.isEmpty || topology.queues.contains(where: { $0.name.isEmpty }) else {
            return AMQPError(.usage, "no queue to consume: name one, or put one without a name into the topology")
        }
        return nil
    }
}
