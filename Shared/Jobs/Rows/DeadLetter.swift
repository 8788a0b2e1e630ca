import Foundation
import JSON
import Postgres

/// A message that no worker could take, kept with its reason.
public struct DeadLetter: Sendable, Representation {
    /// Made from the message's content, so that a message collected twice is kept once.
    public let id: UUID
    /// A word: `malformed`, `invalid_spec`, `invalid_field`, `unknown_type`, `undeliverable`.
    public let reason: String
    /// A sentence for people.
    public let detail: String
    /// The exchange that it came through.
    public let exchange: String
    /// The routing key that it was published with.
    public let routingKey: String
    /// The job it is about.
    public let job: UUID?
    /// The message's headers, a JSON object.
    public let headers: [UInt8]
    /// The message's body; in lists only its start.
    public let body: [UInt8]
    /// The size of the whole body in bytes.
    public let size: Int
    /// When it was kept.
    public let receivedAt: Date

    /// Makes a dead letter; the database gives the time.
    public init(
        id: UUID, reason: String, detail: String, exchange: String, routingKey: String, job: UUID?, headers: [UInt8],
        body: [UInt8], size: Int? = nil, receivedAt: Date = Date()
    ) {
        self.id = id
        self.reason = reason
        self.detail = detail
        self.exchange = exchange
        self.routingKey = routingKey
        self.job = job
        self.headers = headers
        self.body = body
        self.size = size ?? body.count
        self.receivedAt = receivedAt
    }

    fileprivate static let shown: Int32 = 4096

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A message that no worker could take, kept with its reason.",
        [
            "id": Schema.uuid,
            "reason": Schema.text.described("A word: `malformed`, `invalid_spec`, `unknown_type`, …"),
            "detail": Schema.text, "exchange": Schema.text, "routing_key": Schema.text, "job_id": Schema.uuid.orNull,
            "headers": Schema.anyObject, "body": Schema.text.described("As text, cut to 4 KiB."),
            "size_bytes": Schema.count.described("Of the whole body."), "received_at": Schema.time,
        ])

    /// Appends the dead letter as operators see it; the body is shown as text, cut to 4 KiB.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("reason", reason)
        json.member("detail", detail)
        json.member("exchange", exchange)
        json.member("routing_key", routingKey)
        json.member("job_id", job)
        json.member("headers", raw: headers)
        json.member("body", String(decoding: body.prefix(Int(Self.shown)), as: UTF8.self))
        json.member("size_bytes", size)
        json.member("received_at", receivedAt)
        json.endObject()
    }
}

extension JobStore {
    /// Keeps a dead letter; keeping it again changes nothing.
    public func add(_ letter: DeadLetter) async throws {
        _ = try await database.query(
            """
            INSERT INTO dead_letters (id, reason, detail, exchange, routing_key, job_id, headers, body)
            VALUES (\(letter.id), \(letter.reason), \(letter.detail), \(letter.exchange), \(letter.routingKey), \(letter.job as UUID?),
                \(JSONText(replacingNUL: letter.headers)), \(letter.body))
            ON CONFLICT (id) DO NOTHING
            """)
    }

    /// The newest dead letters.
    public func deadLetters(limit: Int) async throws -> [DeadLetter] {
        try await database.query(
            """
            SELECT id, reason, detail, exchange, routing_key, job_id, headers, substring(body FROM 1 FOR \(DeadLetter.shown)) AS body,
                octet_length(body) AS size, received_at
            FROM dead_letters
            ORDER BY received_at DESC LIMIT \(limit)
            """
        ).map { row in
            DeadLetter(
                id: try row.decode("id"), reason: try row.decode("reason"), detail: try row.decode("detail"),
                exchange: try row.decode("exchange"), routingKey: try row.decode("routing_key"),
                job: try row.decode("job_id"),
                headers: try row.decode("headers", as: JSONText.self).bytes, body: try row.decode("body"),
                size: Int(try row.decode("size", as: Int32.self)),
                receivedAt: try row.decode("received_at"))
        }
    }
}
