import CRabbitMQ
import Foundation

extension String {
    /// A copy of the bytes; invalid UTF-8 is repaired.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(bytes), as: UTF8.self)
    }
}

extension UnsafeRawBufferPointer {
    init(_ bytes: amqp_bytes_t) { self.init(start: bytes.bytes, count: bytes.bytes == nil ? 0 : bytes.len) }
}

extension HeaderValue {
    /// A copy of a field that librabbitmq decoded.
    init(_ field: amqp_field_value_t) {
        switch field.kind {
        case FieldKind.utf8:
            let bytes = UnsafeRawBufferPointer(field.value.bytes)
            // The protocol calls it text, but senders put any bytes in it.
            if let text = String(validating: bytes, as: UTF8.self) {
                self = .string(text)
            } else {
                self = .bytes(Array(bytes))
            }
        case FieldKind.bytes: self = .bytes(Array(UnsafeRawBufferPointer(field.value.bytes)))
        case FieldKind.boolean: self = .bool(field.value.boolean != 0)
        case FieldKind.i8: self = .int(Int64(field.value.i8))
        case FieldKind.u8: self = .int(Int64(field.value.u8))
        case FieldKind.i16: self = .int(Int64(field.value.i16))
        case FieldKind.u16: self = .int(Int64(field.value.u16))
        case FieldKind.i32: self = .int(Int64(field.value.i32))
        case FieldKind.u32: self = .int(Int64(field.value.u32))
        case FieldKind.i64: self = .int(field.value.i64)
        case FieldKind.u64: self = .int(Int64(clamping: field.value.u64))
        case FieldKind.f32: self = .double(Double(field.value.f32))
        case FieldKind.f64: self = .double(field.value.f64)
        case FieldKind.timestamp: self = .timestamp(Date(timeIntervalSince1970: Double(field.value.u64)))
        case FieldKind.table: self = .table(Dictionary(field.value.table))
        case FieldKind.array:
            let array = field.value.array
            self = .array(
                UnsafeBufferPointer(start: array.entries, count: Int(array.num_entries)).map(HeaderValue.init))
        default: self = .null
        }
    }
}

extension [String: HeaderValue] {
    /// A copy of a table that librabbitmq decoded; of a repeated key the last value counts.
    init(_ table: amqp_table_t) {
        self.init(minimumCapacity: Int(table.num_entries))
        for entry in UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries)) {
            self[String(entry.key)] = HeaderValue(entry.value)
        }
    }
}

extension Message {
    /// A message without its body yet.
    init(_ properties: amqp_basic_properties_t) {
        let flags = Int32(bitPattern: properties._flags)
        func text(_ bytes: amqp_bytes_t, _ flag: Int32) -> String? { flags & flag == 0 ? nil : String(bytes) }
        let expiration = text(properties.expiration, AMQP_BASIC_EXPIRATION_FLAG).flatMap { Int64($0) }
        self.init(
            body: [],
            messageID: text(properties.message_id, AMQP_BASIC_MESSAGE_ID_FLAG),
            correlationID: text(properties.correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG),
            type: text(properties.type, AMQP_BASIC_TYPE_FLAG),
            contentType: text(properties.content_type, AMQP_BASIC_CONTENT_TYPE_FLAG),
            appID: text(properties.app_id, AMQP_BASIC_APP_ID_FLAG),
            headers: flags & AMQP_BASIC_HEADERS_FLAG == 0 ? [:] : Dictionary(properties.headers),
            isPersistent: flags & AMQP_BASIC_DELIVERY_MODE_FLAG != 0 && properties.delivery_mode == 2,
            priority: flags & AMQP_BASIC_PRIORITY_FLAG == 0 ? nil : properties.priority,
            timestamp: flags & AMQP_BASIC_TIMESTAMP_FLAG == 0
                ? nil : Date(timeIntervalSince1970: Double(properties.timestamp)),
            expiration: expiration.map { .milliseconds($0) })
    }
}

extension AMQPError {
    /// The reason of a library status, which is negative.
    init(status: Int32, _ action: String) {
        let text = amqp_error_string2(status).map { String(cString: $0) } ?? "status \(status)"
        let isTimeout = status == AMQP_STATUS_TIMEOUT.rawValue
        self.init(.connection, "\(action): \(isTimeout ? "no answer in time" : text)")
    }

    /// The reason of an answer that is not a normal one.
    init(reply: amqp_rpc_reply_t, _ action: String) {
        guard reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION, let decoded = reply.reply.decoded else {
            let isEmpty = reply.reply_type == AMQP_RESPONSE_NONE
            self.init(status: isEmpty ? AMQP_STATUS_SOCKET_CLOSED.rawValue : reply.library_error, action)
            return
        }
        switch reply.reply.id {
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = decoded.load(as: amqp_channel_close_t.self)
            self.init(.channel(code: Int(close.reply_code)), "\(action): \(String(close.reply_text))")
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = decoded.load(as: amqp_connection_close_t.self)
            self.init(.connection, "\(action): \(close.reply_code) \(String(close.reply_text))")
        default:
            self.init(.connection, "\(action): unexpected method \(reply.reply.id)")
        }
    }
}
