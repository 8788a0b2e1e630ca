/// One event of a `text/event-stream`, after the WHATWG HTML standard, section 9.2.
public struct ServerSentEvent: Sendable, Hashable {
    /// What the client sends back as `Last-Event-ID` when it reconnects.
    public var id: String?
    /// The event's type; nil means `message`.
    public var event: String?
    /// The payload; line breaks in it are kept.
    public var data: String?
    /// After how long the client shall reconnect.
    public var retry: Duration?
    /// A line that clients ignore.
    public var comment: String?

    /// Makes an event; an event without `data` is not dispatched by clients, but its `id` and `retry` count.
    public init(
        id: String? = nil, event: String? = nil, data: String? = nil, retry: Duration? = nil, comment: String? = nil
    ) {
        self.id = id
        self.event = event
        self.data = data
        self.retry = retry
        self.comment = comment
    }

    /// The event as it goes over the wire, with its closing blank line.
    ///
    /// Line breaks in `id` and `event` would forge fields, and NUL in `id` makes clients drop it: they are left out.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + (data?.utf8.count ?? 0))
        if let comment { Self.append(comment, as: ": ", to: &bytes) }
        if let event { Self.append(Self.singleLine(event), as: "event: ", to: &bytes) }
        if let id { Self.append(Self.singleLine(id), as: "id: ", to: &bytes) }
        if let retry {
            let (seconds, attoseconds) = retry.components
            Self.append(String(seconds * 1000 + attoseconds / 1_000_000_000_000_000), as: "retry: ", to: &bytes)
        }
        if let data { Self.append(data, as: "data: ", to: &bytes) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func singleLine(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 }, as: UTF8.self)
    }

    /// Appends each line of `text` as a field of its own; CR, LF and CRLF all end a line.
    private static func append(_ text: String, as field: StaticString, to bytes: inout [UInt8]) {
        let prefix = UnsafeBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount)
        bytes.append(contentsOf: prefix)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 0x0D || (byte == 0x0A && previous != 0x0D) {
                bytes.append(0x0A)
                bytes.append(contentsOf: prefix)
            } else if byte != 0x0A {
                bytes.append(byte)
            }
            previous = byte
        }
        bytes.append(0x0A)
    }
}

/// Writes server-sent events to one client.
public struct ServerSentEventWriter: Sendable {
    let writer: ResponseWriter

    /// Sends one event; waits while the client is slow and throws when it has gone.
    public func send(_ event: ServerSentEvent) async throws {
        try await writer.write(event.encoded())
    }
}

extension HTTPResponse {
    /// A stream of server-sent events: what `body` sends, until it returns.
    ///
    /// While `body` sends nothing, a comment goes out every `keepAlive`, so that proxies keep the connection and a client
    /// that has gone is noticed.
    public static func serverSentEvents(
        keepAlive: Duration = .seconds(15), headers: [(String, String)] = [],
        _ body: @escaping @Sendable (ServerSentEventWriter) async throws -> Void
    ) -> HTTPResponse {
        let fixed = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")]
        return HTTPResponse(
            status: 200, headers: fixed + headers,
            body: .stream { writer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await body(ServerSentEventWriter(writer: writer)) }
                    group.addTask {
                        let comment = ServerSentEvent(comment: "keep-alive").encoded()
                        while true {
                            let idle = writer.idleTime
                            if idle >= keepAlive {
                                try await writer.write(comment)
                            } else {
                                try await Task.sleep(for: keepAlive - idle)
                            }
                        }
                    }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            })
    }
}
