import Foundation

/// A value in a message's headers or in the arguments of a queue.
public enum HeaderValue: Sendable, Hashable {
    /// UTF-8 text.
    case string(String)
    /// Any of the protocol's integers; sent as 64 bits.
    case int(Int64)
    /// True or false.
    case bool(Bool)
    /// A floating-point number.
    case double(Double)
    /// A time in whole seconds.
    case timestamp(Date)
    /// Raw bytes.
    case bytes([UInt8])
    /// Values in order, such as the entries of `x-death`.
    case array([HeaderValue])
    /// Named values, such as one entry of `x-death`.
    case table([String: HeaderValue])
    /// No value.
    case null

    /// The text, when it is one.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The number, when it is an integer.
    public var int: Int64? { if case .int(let value) = self { value } else { nil } }
    /// The elements, when it is an array.
    public var array: [HeaderValue]? { if case .array(let value) = self { value } else { nil } }
    /// The entries, when it is a table.
    public var table: [String: HeaderValue]? { if case .table(let value) = self { value } else { nil } }
}

extension HeaderValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// Makes `.string`.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes `.int`.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// Makes `.bool`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// A message: its body and the properties that the protocol defines.
public struct Message: Sendable, Hashable {
    /// The payload.
    public var body: [UInt8]
    /// The application's id of the message.
    public var messageID: String?
    /// What the message belongs to.
    public var correlationID: String?
    /// The kind of the message, such as the name of a command.
    public var type: String?
    /// The media type of the body.
    public var contentType: String?
    /// Who made it.
    public var appID: String?
    /// The application's and the broker's headers.
    public var headers: [String: HeaderValue]
    /// Whether the broker writes it to disk.
    public var isPersistent: Bool
    /// 0 to 255, for queues with priorities.
    public var priority: UInt8?
    /// When it was made, in whole seconds.
    public var timestamp: Date?
    /// How long it may wait in a queue, in whole milliseconds.
    public var expiration: Duration?

    /// Makes a message, persistent by default. Texts are at most 255 bytes of UTF-8 each.
    public init(
        body: [UInt8], messageID: String? = nil, correlationID: String? = nil, type: String? = nil,
        contentType: String? = nil, appID: String? = nil, headers: [String: HeaderValue] = [:],
        isPersistent: Bool = true, priority: UInt8? = nil, timestamp: Date? = nil, expiration: Duration? = nil
    ) {
        self.body = body
        self.messageID = messageID
        self.correlationID = correlationID
        self.type = type
        self.contentType = contentType
        self.appID = appID
        self.headers = headers
        self.isPersistent = isPersistent
        self.priority = priority
        self.timestamp = timestamp
        self.expiration = expiration
    }
}

/// A message and where it goes.
public struct Publication: Sendable, Hashable {
    /// What to send.
    public var message: Message
    /// The exchange; empty for the default exchange, whose routing key is the name of a queue.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// Whether a message without a queue comes back (`.returned`) instead of being confirmed and dropped.
    public var mandatory: Bool

    /// Makes a publication.
    public init(_ message: Message, exchange: String, routingKey: String, mandatory: Bool = true) {
        self.message = message
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
    }
}

/// A message that a consumer was given and must settle.
public struct Delivery: Sendable {
    /// The message.
    public let message: Message
    /// The channel's number of the delivery.
    public let deliveryTag: UInt64
    /// Whether the broker may have delivered it before.
    public let redelivered: Bool
    /// The exchange that it was published to.
    public let exchange: String
    /// The routing key that it was published with.
    public let routingKey: String
    /// Which of the consumer's connections it came over; its tag means nothing on another.
    public let connectionGeneration: UInt64
}

/// What a consumer does with a delivery.
public enum Settlement: Sendable, Hashable {
    /// Done: the broker forgets it.
    case acknowledge
    /// Back to the queue, for any consumer.
    case requeue
    /// To the queue's dead-letter exchange, or dropped when it has none.
    case reject
}
