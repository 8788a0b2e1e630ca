import CRabbitMQ
import Foundation

/// Memory for the texts and tables of one frame that is sent; freed together by `recycle`.
///
/// librabbitmq's own pool: pointers stay valid until `recycle`, and its pages are used again.
final class Arena {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        pool = .allocate(capacity: 1)
        pool.initialize(to: amqp_pool_t())
        init_amqp_pool(pool, 4096)
    }

    deinit {
        empty_amqp_pool(pool)
        pool.deallocate()
    }

    func recycle() { recycle_amqp_pool(pool) }

    private func allocate<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        guard let memory = amqp_pool_alloc(pool, max(1, count * MemoryLayout<Element>.stride)) else {
            fatalError("out of memory")
        }
        return memory.bindMemory(to: type, capacity: count)
    }

    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { bytes($0) }
    }

    func bytes(_ source: UnsafeBufferPointer<UInt8>) -> amqp_bytes_t {
        guard let base = source.baseAddress, !source.isEmpty else { return amqp_bytes_t() }
        let copy = allocate(source.count, of: UInt8.self)
        copy.initialize(from: base, count: source.count)
        return amqp_bytes_t(len: source.count, bytes: copy)
    }

    /// A table of the values, and of `sequence` when there is one.
    func table(_ values: [String: HeaderValue], sequence: UInt64? = nil) -> amqp_table_t {
        let count = values.count + (sequence == nil ? 0 : 1)
        guard count > 0 else { return amqp_table_t() }
        let entries = allocate(count, of: amqp_table_entry_t.self)
        var next = entries
        for (key, value) in values {
            next.initialize(to: amqp_table_entry_t(key: bytes(key), value: field(value)))
            next += 1
        }
        if let sequence {
            let value = field(.int(Int64(bitPattern: sequence)))
            next.initialize(to: amqp_table_entry_t(key: bytes(sequenceHeader), value: value))
        }
        return amqp_table_t(num_entries: Int32(count), entries: entries)
    }

    func field(_ value: HeaderValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .string(let text):
            field.kind = FieldKind.utf8
            field.value.bytes = bytes(text)
        case .int(let number):
            field.kind = FieldKind.i64
            field.value.i64 = number
        case .bool(let flag):
            field.kind = FieldKind.boolean
            field.value.boolean = flag ? 1 : 0
        case .double(let number):
            field.kind = FieldKind.f64
            field.value.f64 = number
        case .timestamp(let date):
            field.kind = FieldKind.timestamp
            field.value.u64 = date.wholeSeconds
        case .bytes(let bytes):
            field.kind = FieldKind.bytes
            field.value.bytes = bytes.withUnsafeBufferPointer { self.bytes($0) }
        case .array(let values):
            let entries = allocate(values.count, of: amqp_field_value_t.self)
            for (index, value) in values.enumerated() { (entries + index).initialize(to: self.field(value)) }
            field.kind = FieldKind.array
            field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
        case .table(let values):
            field.kind = FieldKind.table
            field.value.table = table(values)
        case .null:
            field.kind = FieldKind.void
        }
        return field
    }

    /// The properties of a message; the flags name those that are set.
    func properties(of message: Message, sequence: UInt64?) -> amqp_basic_properties_t {
        var properties = amqp_basic_properties_t()
        properties.delivery_mode = UInt8(
            (message.isPersistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT).rawValue)
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG
        func set(_ text: String?, _ flag: Int32, _ field: inout amqp_bytes_t) {
            guard let text else { return }
            field = bytes(text)
            flags |= flag
        }
        set(message.messageID, AMQP_BASIC_MESSAGE_ID_FLAG, &properties.message_id)
        set(message.correlationID, AMQP_BASIC_CORRELATION_ID_FLAG, &properties.correlation_id)
        set(message.type, AMQP_BASIC_TYPE_FLAG, &properties.type)
        set(message.contentType, AMQP_BASIC_CONTENT_TYPE_FLAG, &properties.content_type)
        set(message.appID, AMQP_BASIC_APP_ID_FLAG, &properties.app_id)
        set(message.expiration.map { String($0.wholeMilliseconds) }, AMQP_BASIC_EXPIRATION_FLAG, &properties.expiration)
        if !message.headers.isEmpty || sequence != nil {
            properties.headers = table(message.headers, sequence: sequence)
            flags |= AMQP_BASIC_HEADERS_FLAG
        }
        if let priority = message.priority {
            properties.priority = priority
            flags |= AMQP_BASIC_PRIORITY_FLAG
        }
        if let timestamp = message.timestamp {
            properties.timestamp = timestamp.wholeSeconds
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
        }
        properties._flags = UInt32(bitPattern: flags)
        return properties
    }
}

/// Carries the delivery tag of a mandatory publication, so that a return is paired with exactly the publication that it is of.
/// Pairing by order would need routing that does not change between two publications in flight.
let sequenceHeader = "x-publish-sequence"

/// The protocol's one-letter kinds of a field, as the byte in which librabbitmq keeps them.
enum FieldKind {
    static let boolean = UInt8(ascii: "t")
    static let i8 = UInt8(ascii: "b")
    static let u8 = UInt8(ascii: "B")
    static let i16 = UInt8(ascii: "s")
    static let u16 = UInt8(ascii: "u")
    static let i32 = UInt8(ascii: "I")
    static let u32 = UInt8(ascii: "i")
    static let i64 = UInt8(ascii: "l")
    static let u64 = UInt8(ascii: "L")
    static let f32 = UInt8(ascii: "f")
    static let f64 = UInt8(ascii: "d")
    static let utf8 = UInt8(ascii: "S")
    static let array = UInt8(ascii: "A")
    static let timestamp = UInt8(ascii: "T")
    static let table = UInt8(ascii: "F")
    static let void = UInt8(ascii: "V")
    static let bytes = UInt8(ascii: "x")
}

extension Date {
    /// Seconds since 1970; times before it and beyond the protocol's range are clamped.
    var wholeSeconds: UInt64 { UInt64(min(max(0, timeIntervalSince1970), 253_402_300_799)) }
}

extension Duration {
    /// Milliseconds, rounded down.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// The C library's form; never less than a microsecond.
    var timeValue: timeval {
        let (seconds, attoseconds) = components
        let microseconds = Int(attoseconds / 1_000_000_000_000)
        return timeval(tv_sec: Int(seconds), tv_usec: seconds == 0 ? max(1, microseconds) : microseconds)
    }
}
