import AMQP
import Foundation
import JSON

/// A message that no worker could take, kept with its reason.
public struct DeadLetter: Sendable, Representation {
    /// Made from the message's content, so that a message collected twice is kept once.
    public let id: UUID
    /// A word: `malformed`, `invalid_spec`, `invalid_field`, `unknown_type`, `unknown_schema`, `undeliverable`, …
    public let reason: String
    /// A sentence for people.
    public let detail: String
    /// The exchange that it came through.
    public let exchange: String
    /// The routing key that it was published with: the type of a command.
    public let routingKey: String
    /// The job it is about.
    public let job: UUID?
    /// The message's headers, a JSON object.
    public let headers: [UInt8]
    /// The message's body, with the secrets of its spec sealed where its type is known; in lists only its start.
    public let body: [UInt8]
    /// The size of the whole body in bytes.
    public let size: Int
    /// When it came, the last time.
    public let receivedAt: Date
    /// How often it came.
    public let arrivals: Int32
    /// When it was sent again; nil while it waits.
    public let redrivenAt: Date?

    /// Makes a dead letter; the database gives the time.
    public init(
        id: UUID, reason: String, detail: String, exchange: String, routingKey: String, job: UUID?, headers: [UInt8],
        body: [UInt8], size: Int? = nil, receivedAt: Date = Date(), arrivals: Int32 = 1, redrivenAt: Date? = nil
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
        self.arrivals = arrivals
        self.redrivenAt = redrivenAt
    }

    static let shown: Int32 = 4096

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A message that no worker could take, kept with its reason.",
        [
            "id": Schema.uuid,
            "reason": Schema.text.described("A word: `malformed`, `invalid_spec`, `unknown_type`, `unknown_schema`, …"),
            "detail": Schema.text, "exchange": Schema.text,
            "routing_key": Schema.text.described("The type of a command."), "job_id": Schema.uuid.orNull,
            "headers": Schema.anyObject, "size_bytes": Schema.count.described("Of the whole body."),
            "received_at": Schema.time.described("When it came, the last time."),
            "arrivals": Schema.count.described("How often it came."),
            "redriven_at": Schema.time.orNull.described("When it was sent again; null while it waits."),
            "body": Schema.text.described("In lists cut to 4 KiB."),
            "body_encoding": Schema.word(["utf-8", "base64"]).described("How the whole body is written; not in lists."),
        ], optional: ["body_encoding"])

    /// Appends the dead letter as operators see it in a list; the body is shown as text, cut to 4 KiB.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.member("body", String(decoding: Redaction.hide(Array(body.prefix(Int(Self.shown)))), as: UTF8.self))
        json.endObject()
    }

    /// Appends the dead letter with its whole body: as text where it is UTF-8, else in base64.
    public func writeWhole(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        let text = String(validating: Redaction.hide(body), as: UTF8.self)
        json.member("body", text ?? Data(body).base64EncodedString())
        json.member("body_encoding", text == nil ? "base64" : "utf-8")
        json.endObject()
    }

    private func writeMembers(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("reason", reason)
        json.member("detail", detail)
        json.member("exchange", exchange)
        json.member("routing_key", routingKey)
        json.member("job_id", job)
        json.member("headers", raw: headers)
        json.member("size_bytes", size)
        json.member("received_at", receivedAt)
        json.member("arrivals", Int(arrivals))
        json.member("redriven_at", redrivenAt)
    }

    /// The message to publish again, as a stranger's command, so that it is validated anew: with its own body or a corrected one,
    /// and without what the broker, the dispatcher and the workers wrote into its headers.
    public func message(body corrected: [UInt8]? = nil) throws(JSONError) -> Message {
        var message = Message(body: corrected ?? body)
        message.messageID = job?.text
        message.contentType = "application/json"
        message.isPersistent = true
        for (name, value) in try JSON.parse(headers).objectValue ?? [:] where !Self.isOurs(name) {
            if let text = value.stringValue { message.headers[name] = .string(text) }
        }
        return message
    }

    private static func isOurs(_ header: String) -> Bool {
        ["x-switchyard-", "x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count"]
            .contains(where: header.lowercased().hasPrefix)
    }
}

/// Which dead letters a list or a bulk action is about.
public struct DeadLetterFilter: Sendable {
    /// Only those with this reason.
    public var reason: String?
    /// Only commands of this type.
    public var type: String?
    /// Only those that wait, or only those that were sent again; both when nil.
    public var isWaiting: Bool?
    /// Only those that come after this one in the list's order: the cursor.
    public var before: (receivedAt: Date, id: UUID)?
    /// The most of a page.
    public var limit: Int

    /// Makes a filter; without arguments it shows the newest of all.
    public init(reason: String? = nil, type: String? = nil, isWaiting: Bool? = nil, limit: Int = 50) {
        self.reason = reason
        self.type = type
        self.isWaiting = isWaiting
        self.limit = limit
    }
}
