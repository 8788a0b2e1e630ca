import Foundation
import Postgres

/// A delivery that this process may try now.
public struct DueDelivery: Sendable {
    /// The delivery's number.
    public let id: Int64
    /// The number of this try, from 1: the fence that its outcome names.
    public let attempt: Int32
    /// The subscription.
    public let webhook: UUID
    /// Where it goes.
    public let url: String
    /// The signing keys, sealed: the current one, and the one before while it is still used.
    public let secrets: [[UInt8]]
    /// The event's id.
    public let eventID: String
    /// What is sent.
    public let body: String
    /// How long ago the event was collected.
    public let age: Duration
}

/// How a try went.
public struct DeliveryOutcome: Sendable {
    /// What becomes of the delivery.
    public enum Verdict: Sendable, Hashable {
        case delivered
        case retry(in: Duration)
        case exhausted
    }

    /// What becomes of the delivery.
    public var verdict: Verdict
    /// The status code, when there was an answer.
    public var status: Int?
    /// The start of the answer.
    public var body: String?
    /// What went wrong.
    public var error: String?
    /// How long it took.
    public var duration: Duration
    /// Whether the receiver wants no more: the subscription is disabled.
    public var isGone: Bool

    /// Makes an outcome.
    public init(
        _ verdict: Verdict, status: Int? = nil, body: String? = nil, error: String? = nil, duration: Duration,
        isGone: Bool = false
    ) {
        self.verdict = verdict
        self.status = status
        self.body = body
        self.error = error
        self.duration = duration
        self.isGone = isGone
    }
}

/// Deliveries, from due to done.
///
/// Order of effects for each: the row is claimed (its `due_at` moves to the end of the claim), the request is sent, the outcome is
/// written. Whatever crashes between two of them, the claim runs out and the delivery is tried again: at least once. The
/// outcome names the try, so one that comes after its claim ran out and another took over changes nothing.
///
/// Order per job: a delivery is claimed only when no earlier one of its subscription and job is pending. One that waits behind
/// another is put off to when that one is due, so that many of them cost nothing, and is due at once when that one ends.
extension JobStore {
    /// Claims due deliveries of active subscriptions.
    ///
    /// - Parameters:
    ///   - busy: how many this process tries right now, by subscription.
    ///   - perWebhook: how many it may try together of one. Of one that is failing, it tries one at a time.
    ///   - limit: how many in all.
    ///   - lease: until when the outcome must be written.
    public func claimDeliveries(
        busy: [UUID: Int], perWebhook: Int, limit: Int, lease: Duration
    ) async throws -> [DueDelivery] {
        let entries = Array(busy)
        return try await database.query(
            """
            WITH open AS (
                SELECT w.id, w.url, w.secret, CASE WHEN w.previous_until > now() THEN w.previous_secret END AS previous,
                    CASE WHEN w.failing_since IS NULL THEN \(Int32(perWebhook)) ELSE 1 END - coalesce(b.count, 0) AS slots
                FROM webhooks w
                    LEFT JOIN unnest(\(entries.map(\.key)), \(entries.map { Int32($0.value) })) AS b (id, count) ON b.id = w.id
                WHERE w.status = 'active'
            ), due AS (
                SELECT o.id AS webhook_id, o.slots, d.id, d.job_id, d.due_at
                FROM open o, LATERAL (
                    SELECT id, job_id, due_at FROM webhook_deliveries
                    WHERE webhook_id = o.id AND status = 'pending' AND due_at <= now()
                    ORDER BY due_at LIMIT 200 FOR UPDATE SKIP LOCKED
                ) d
                WHERE o.slots > 0
            ), judged AS (
                SELECT due.*, first.due_at AS behind,
                    row_number() OVER (PARTITION BY due.webhook_id, first.id IS NULL ORDER BY due.due_at, due.id) AS place
                FROM due LEFT JOIN LATERAL (
                    SELECT p.id, p.due_at FROM webhook_deliveries p
                    WHERE p.webhook_id = due.webhook_id AND p.job_id = due.job_id AND p.status = 'pending' AND p.id < due.id
                    ORDER BY p.id LIMIT 1
                ) first ON true
            ), chosen AS (
                SELECT id, NULL::timestamptz AS behind FROM (
                    SELECT id FROM judged WHERE behind IS NULL AND place <= slots ORDER BY due_at, id LIMIT \(limit)
                ) c
                UNION ALL
                SELECT id, behind FROM judged WHERE behind IS NOT NULL
            ), moved AS (
                UPDATE webhook_deliveries d SET
                    due_at = CASE WHEN c.behind IS NULL THEN now() + \(lease.seconds) * interval '1 second'
                        ELSE greatest(c.behind, now() + interval '100 milliseconds') END,
                    attempts = d.attempts + CASE WHEN c.behind IS NULL THEN 1 ELSE 0 END,
                    attempted_at = CASE WHEN c.behind IS NULL THEN now() ELSE d.attempted_at END
                FROM chosen c WHERE d.id = c.id
                RETURNING d.id, d.attempts, d.webhook_id, d.event_id, d.body, c.behind,
                    extract(epoch FROM now() - d.created_at)::double precision AS age
            )
            SELECT m.id, m.attempts, m.webhook_id, m.event_id, m.body, m.age, o.url, o.secret, o.previous
            FROM moved m JOIN open o ON o.id = m.webhook_id
            WHERE m.behind IS NULL ORDER BY m.id
            """
        ).map(DueDelivery.init(row:))
    }

    /// Writes the outcome of a try, lets the next delivery of the job go when this one has ended, and keeps the subscription's own
    /// state: since when it fails, and its end.
    ///
    /// - Parameter failingLimit: a subscription that has failed for longer is disabled.
    /// - Returns: false when another try has taken over.
    public func finish(
        _ delivery: DueDelivery, _ outcome: DeliveryOutcome, failingLimit: Duration
    ) async throws -> Bool {
        let (status, delay) = outcome.verdict.columns
        let isGood = outcome.verdict == .delivered
        return try await database.query(
            """
            WITH done AS (
                UPDATE webhook_deliveries SET status = \(status),
                    due_at = CASE WHEN \(status) = 'pending' THEN now() + \(delay.seconds) * interval '1 second' END,
                    finished_at = CASE WHEN \(status) <> 'pending' THEN now() END, response_status = \(outcome.status.map(Int32.init) as Int32?),
                    response_body = \(outcome.body as String?), error = \(outcome.error as String?),
                    duration_ms = \(Int32(clamping: Int(outcome.duration.seconds * 1000)))
                WHERE id = \(delivery.id) AND status = 'pending' AND attempts = \(delivery.attempt)
                RETURNING id, webhook_id, job_id
            ), released AS (
                UPDATE webhook_deliveries n SET due_at = now() FROM done
                WHERE \(status) <> 'pending' AND n.status = 'pending' AND n.id = (
                    SELECT p.id FROM webhook_deliveries p
                    WHERE p.webhook_id = done.webhook_id AND p.job_id = done.job_id AND p.status = 'pending' AND p.id > done.id
                    ORDER BY p.id LIMIT 1)
            ), judged AS (
                UPDATE webhooks w SET failing_since = CASE WHEN \(isGood) THEN NULL ELSE coalesce(w.failing_since, now()) END,
                    last_error = CASE WHEN \(isGood) THEN w.last_error ELSE \(outcome.error as String?) END,
                    status = CASE WHEN v.reason IS NULL THEN w.status ELSE 'disabled' END,
                    disabled_reason = coalesce(w.disabled_reason, v.reason),
                    disabled_at = CASE WHEN v.reason IS NULL THEN w.disabled_at ELSE coalesce(w.disabled_at, now()) END
                FROM (
                    SELECT h.id, CASE WHEN \(outcome.isGone) AND h.url = \(delivery.url) THEN 'gone'
                        WHEN NOT \(isGood) AND h.failing_since < now() - \(failingLimit.seconds) * interval '1 second' THEN 'failing'
                        END AS reason
                    FROM done JOIN webhooks h ON h.id = done.webhook_id
                    WHERE (h.failing_since IS NOT NULL OR NOT \(isGood)) FOR UPDATE OF h
                ) v
                WHERE w.id = v.id
            )
            SELECT id FROM done
            """
        ).isEmpty == false
    }

    /// Gives up what waits for subscriptions that are disabled, some at a time; answers how many.
    public func exhaustDisabled(limit: Int = 1000) async throws -> Int {
        try await database.query(
            """
            UPDATE webhook_deliveries d SET status = 'exhausted', due_at = NULL, finished_at = now(),
                error = coalesce(d.error, 'the subscription is disabled')
            FROM (
                SELECT p.id FROM webhooks w, LATERAL (
                    SELECT id FROM webhook_deliveries WHERE webhook_id = w.id AND status = 'pending'
                    LIMIT \(limit) FOR UPDATE SKIP LOCKED
                ) p
                WHERE w.status = 'disabled'
            ) p
            WHERE d.id = p.id RETURNING d.id
            """
        ).count
    }

    /// Removes deliveries older than this from the log, some at a time; answers how many.
    public func pruneDeliveries(olderThan age: Duration, limit: Int = 1000) async throws -> Int {
        // The lowest numbers are the oldest.
        try await database.query(
            """
            DELETE FROM webhook_deliveries WHERE id = ANY(ARRAY(
                SELECT id FROM (SELECT id, created_at FROM webhook_deliveries ORDER BY id LIMIT \(limit)) o
                WHERE created_at < now() - \(age.seconds) * interval '1 second'))
            RETURNING id
            """
        ).count
    }
}

extension DeliveryOutcome.Verdict {
    fileprivate var columns: (status: String, delay: Duration) {
        switch self {
        case .delivered: ("delivered", .zero)
        case .retry(let delay): ("pending", delay)
        case .exhausted: ("exhausted", .zero)
        }
    }
}

extension DueDelivery {
    fileprivate init(row: Row) throws {
        let secrets = [try row.decode("secret", as: [UInt8]?.self), try row.decode("previous", as: [UInt8]?.self)]
        self.init(
            id: try row.decode("id"), attempt: try row.decode("attempts"), webhook: try row.decode("webhook_id"),
            url: try row.decode("url"), secrets: secrets.compactMap(\.self), eventID: try row.decode("event_id"),
            body: try row.decode("body"), age: .seconds(try row.decode("age", as: Double.self)))
    }
}
