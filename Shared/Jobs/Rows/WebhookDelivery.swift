import Foundation
import JSON
import Postgres

/// One event on its way to one subscription, and how it went: a line of the delivery log.
public struct WebhookDelivery: Sendable, Representation {
    /// The delivery's number; of one subscription and job they are sent in this order.
    public let id: Int64
    /// The subscription.
    public let webhook: UUID
    /// The job; nil for a test.
    public let job: UUID?
    /// `completed`, `progress`, …; `test` for a test.
    public let event: String
    /// The event's id, the same in every repetition.
    public let eventID: String
    /// `pending`, `delivered` or `exhausted`.
    public let status: String
    /// How often it was tried.
    public let attempts: Int32
    /// When it is tried next, while it is pending.
    public let dueAt: Date?
    /// The delivery that it repeats on request.
    public let replayOf: Int64?
    /// When the event was collected.
    public let createdAt: Date
    /// When it was tried last.
    public let attemptedAt: Date?
    /// When it was delivered or given up.
    public let finishedAt: Date?
    /// The status code of the last answer.
    public let responseStatus: Int32?
    /// The first KiB of the last answer.
    public let responseBody: String?
    /// What went wrong the last time.
    public let error: String?
    /// How long the last try took, in milliseconds.
    public let duration: Int32?
    /// What is sent; only when one delivery is read.
    public let body: String?

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One event on its way to one subscription.",
        [
            "id": Schema.count, "webhook_id": Schema.uuid, "job_id": Schema.uuid.orNull, "event": Schema.text,
            "event_id": Schema.text.described("The header `webhook-id`: the same in every repetition."),
            "status": Schema.word(["pending", "delivered", "exhausted"]), "attempts": Schema.count,
            "next_attempt_at": Schema.time.orNull, "replay_of": Schema.count.orNull, "created_at": Schema.time,
            "attempted_at": Schema.time.orNull, "finished_at": Schema.time.orNull,
            "response_status": Schema.count.orNull, "response_body": Schema.text.orNull.described("The first KiB."),
            "error": Schema.text.orNull, "duration_ms": Schema.count.orNull,
            "body": Schema.text.described("What is sent, byte for byte; only when one delivery is read."),
        ], optional: ["body"])

    /// Appends the delivery as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("webhook_id", webhook)
        json.member("job_id", job)
        json.member("event", event)
        json.member("event_id", eventID)
        json.member("status", status)
        json.member("attempts", Int(attempts))
        json.member("next_attempt_at", dueAt)
        json.member("replay_of", replayOf)
        json.member("created_at", createdAt)
        json.member("attempted_at", attemptedAt)
        json.member("finished_at", finishedAt)
        json.member("response_status", responseStatus.map(Int.init))
        json.member("response_body", responseBody)
        json.member("error", error)
        json.member("duration_ms", duration.map(Int.init))
        if let body { json.member("body", body) }
        json.endObject()
    }
}

extension JobStore {
    /// The deliveries of a subscription, the newest first.
    public func deliveries(
        of webhook: UUID, namespace: String, statuses: [String], before id: Int64, limit: Int
    ) async throws -> [WebhookDelivery] {
        try await database.query(
            """
            SELECT \(Self.columns), NULL::text AS body
            FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id
            WHERE w.id = \(webhook) AND w.namespace = \(namespace) AND d.id < \(id)
                AND (cardinality(\(statuses)) = 0 OR d.status = ANY(\(statuses)))
            ORDER BY d.id DESC LIMIT \(limit)
            """
        ).map(WebhookDelivery.init(row:))
    }

    /// One delivery with what is sent.
    public func delivery(_ id: Int64, of webhook: UUID, namespace: String) async throws -> WebhookDelivery? {
        try await database.query(
            """
            SELECT \(Self.columns), d.body
            FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
            WHERE d.id = \(id) AND w.id = \(webhook) AND w.namespace = \(namespace)
            """
        ).first.map(WebhookDelivery.init(row:))
    }

    /// Sends an event once more, behind what waits for the same job; nil when there is no such delivery.
    public func replay(_ id: Int64, of webhook: UUID, namespace: String) async throws -> WebhookDelivery? {
        try await database.query(
            """
            WITH d AS (
                INSERT INTO webhook_deliveries (webhook_id, job_id, event, event_id, body, replay_of)
                SELECT o.webhook_id, o.job_id, o.event, o.event_id, o.body, o.id
                FROM webhook_deliveries o JOIN webhooks w ON w.id = o.webhook_id
                WHERE o.id = \(id) AND w.id = \(webhook) AND w.namespace = \(namespace)
                RETURNING *
            )
            SELECT \(Self.columns), d.body FROM d
            """
        ).first.map(WebhookDelivery.init(row:))
    }

    /// Adds a delivery that is about no job; nil when there is no such subscription.
    public func addTest(
        to webhook: UUID, namespace: String, eventID: String, body: String
    ) async throws -> WebhookDelivery? {
        try await database.query(
            """
            WITH d AS (
                INSERT INTO webhook_deliveries (webhook_id, event, event_id, body)
                SELECT id, 'test', \(eventID), \(body) FROM webhooks WHERE id = \(webhook) AND namespace = \(namespace)
                RETURNING *
            )
            SELECT \(Self.columns), d.body FROM d
            """
        ).first.map(WebhookDelivery.init(row:))
    }

    private static var columns: Statement {
        """
        d.id, d.webhook_id, d.job_id, d.event, d.event_id, d.status, d.attempts, d.due_at, d.replay_of, d.created_at, d.attempted_at,
        d.finished_at, d.response_status, d.response_body, d.error, d.duration_ms
        """
    }
}

extension WebhookDelivery {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), webhook: try row.decode("webhook_id"), job: try row.decode("job_id"),
            event: try row.decode("event"), eventID: try row.decode("event_id"), status: try row.decode("status"),
            attempts: try row.decode("attempts"), dueAt: try row.decode("due_at"),
            replayOf: try row.decode("replay_of"),
            createdAt: try row.decode("created_at"), attemptedAt: try row.decode("attempted_at"),
            finishedAt: try row.decode("finished_at"), responseStatus: try row.decode("response_status"),
            responseBody: try row.decode("response_body"), error: try row.decode("error"),
            duration: try row.decode("duration_ms"), body: try row.decode("body"))
    }
}
