import Foundation
import Postgres

/// What the rows tell about a job that is asked about: where it stands among the others, and what happened last.
public struct WaitFacts: Sendable {
    /// When its command was given to the broker; nil while it waits in the database.
    public let dispatchedAt: Date?
    /// Until when its worker owns it.
    public let leaseUntil: Date?
    /// What somebody wants of it while it runs: `cancel` or `stop`.
    public let wanted: String?
    /// Its key for limits.
    public let concurrencyKey: String?
    /// By when its first attempt must have begun.
    public let expiresAt: Date?
    /// Jobs before it: in the broker, or in its lane of the backlog; counted up to `most`.
    public let ahead: Int
    /// Its newest event and when that was.
    public let lastEvent: (kind: String, at: Date)?
    /// When it was asked to end.
    public let stopRequestedAt: Date?
    /// The reason that was given with its newest event.
    public let reason: String?
    /// The database's time.
    public let now: Date

    /// How far jobs ahead are counted.
    public static let most = 10_000
}

extension JobStore {
    /// Reads what is known about why a job is where it is.
    public func waitFacts(_ job: Job) async throws -> WaitFacts? {
        let lane: Statement = """
            SELECT 1 FROM jobs o
            WHERE o.type = j.type AND o.priority = j.priority AND o.namespace = j.namespace AND o.id < j.id
                AND o.status = 'queued' AND o.dispatched_at IS NULL
            LIMIT \(WaitFacts.most)
            """
        let broker: Statement = """
            SELECT 1 FROM jobs o
            WHERE o.type = j.type AND o.dispatched_at < j.dispatched_at AND o.status = 'queued' AND o.dispatched_at IS NOT NULL
            LIMIT \(WaitFacts.most)
            """
        return try await database.query(
            """
            SELECT j.dispatched_at, j.lease_until, j.wanted, j.concurrency_key, j.expires_at, now() AS now,
                CASE WHEN j.status <> 'queued' THEN 0
                    WHEN j.dispatched_at IS NULL THEN (SELECT count(*) FROM (\(lane)) l)
                    ELSE (SELECT count(*) FROM (\(broker)) b) END AS ahead,
                e.kind, e.at, e.data->>'reason' AS reason,
                (SELECT max(at) FROM events WHERE job_id = j.id AND kind = 'stopping') AS stop_requested_at
            FROM jobs j LEFT JOIN LATERAL (
                SELECT kind, at, data FROM events WHERE job_id = j.id ORDER BY seq DESC LIMIT 1
            ) e ON true
            WHERE j.id = \(job.id) AND j.namespace = \(job.namespace)
            """
        ).first.map { row in
            let kind = try row.decode("kind", as: String?.self)
            let at = try row.decode("at", as: Date?.self)
            return WaitFacts(
                dispatchedAt: try row.decode("dispatched_at"), leaseUntil: try row.decode("lease_until"),
                wanted: try row.decode("wanted"),
                concurrencyKey: try row.decode("concurrency_key"), expiresAt: try row.decode("expires_at"),
                ahead: Int(try row.decode("ahead", as: Int64.self)),
                lastEvent: kind.flatMap { kind in at.map { (kind, $0) } },
                stopRequestedAt: try row.decode("stop_requested_at"), reason: try row.decode("reason"),
                now: try row.decode("now"))
        }
    }
}
