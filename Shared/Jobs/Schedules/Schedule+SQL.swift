import Foundation
import JSON
import Postgres

/// What became of a schedule that was asked for.
public enum CreateOutcome: Sendable {
    /// The row is committed.
    case created
    /// The same request was made before: this one already stands for it.
    case existing(UUID)
    /// The idempotency key was used before, for another request.
    case conflict(UUID)
    /// The namespace has as many as it may have.
    case full
}

/// The client's name for a request, and the SHA-256 of the request.
public typealias Idempotency = (key: String, requestHash: [UInt8])

extension JobStore {
    /// Makes a schedule; its first tick is the next one from now on.
    ///
    /// - Parameter most: how many schedules the namespace may have.
    public func create(
        _ definition: ScheduleDefinition, id: UUID, namespace: String, idempotency: Idempotency? = nil, most: Int
    ) async throws -> CreateOutcome {
        try await database.transaction { session in
            // One at a time for each namespace, so that two at once cannot pass the limit together.
            try session.query("SELECT pg_advisory_xact_lock(hashtextextended('schedules ' || \(namespace), 0))")
            if let idempotency {
                let rows = try session.query(
                    """
                    SELECT id, request_hash FROM schedules
                    WHERE namespace = \(namespace) AND idempotency_key = \(idempotency.key)
                    """)
                if let row = rows.first {
                    let isSame = try row.decode("request_hash", as: [UInt8].self) == idempotency.requestHash
                    let id = try row.decode("id", as: UUID.self)
                    return isSame ? .existing(id) : .conflict(id)
                }
            }
            let count = try session.query(
                "SELECT count(*) AS n, now() AS now FROM schedules WHERE namespace = \(namespace)")
            guard try count[0].decode("n", as: Int.self) < most else { return .full }
            let next = try definition.nextTick(after: count[0].decode("now"))
            try session.query(
                """
                INSERT INTO schedules (id, namespace, name, cron, time_zone, job, catch_up, catch_up_limit, overlap,
                    is_paused, next_at, idempotency_key, request_hash)
                VALUES (\(id), \(namespace), \(definition.name as String?), \(definition.cron.text), \(definition.timeZone),
                    \(JSONText(definition.job.serialized())), \(definition.catchUp.rawValue),
                    \(Int32(definition.catchUpLimit)), \(definition.overlap.rawValue), \(definition.isPaused), \(next),
                    \(idempotency?.key as String?), \(idempotency?.requestHash as [UInt8]?))
                """)
            return .created
        }
    }

    /// Reads a schedule.
    public func schedule(_ id: UUID, namespace: String) async throws -> Schedule? {
        try await database.query(
            """
            SELECT \(Self.scheduleColumns) FROM schedules WHERE id = \(id) AND namespace = \(namespace)
            """
        ).first.map(Schedule.init(row:))
    }

    /// Lists schedules, the newest first.
    public func schedules(namespace: String, before: UUID?, limit: Int) async throws -> [Schedule] {
        try await database.query(
            """
            SELECT \(Self.scheduleColumns) FROM schedules
            WHERE namespace = \(namespace) AND (\(before as UUID?)::uuid IS NULL OR id < \(before as UUID?))
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(Schedule.init(row:))
    }

    /// Replaces a schedule's definition; false when somebody else has changed it since it was read.
    ///
    /// Another time makes the next tick the first one from now on; otherwise what was missed stays to be caught up with.
    public func replace(_ old: Schedule, by new: ScheduleDefinition) async throws -> Bool {
        let isSameTime = old.definition.cron.text == new.cron.text && old.definition.timeZone == new.timeZone
        return try await database.transaction { session in
            let now = try session.query("SELECT now() AS now")[0].decode("now", as: Date.self)
            let next = try isSameTime ? nil : new.nextTick(after: now)
            return try !session.query(
                """
                UPDATE schedules SET name = \(new.name as String?), cron = \(new.cron.text), time_zone = \(new.timeZone),
                    job = \(JSONText(new.job.serialized())), catch_up = \(new.catchUp.rawValue),
                    catch_up_limit = \(Int32(new.catchUpLimit)), overlap = \(new.overlap.rawValue),
                    is_paused = \(new.isPaused), next_at = coalesce(\(next as Date?), next_at), updated_at = now(),
                    revision = revision + 1
                WHERE id = \(old.id) AND namespace = \(old.namespace) AND revision = \(old.revision)
                RETURNING id
                """
            ).isEmpty
        }
    }

    /// Pauses or resumes a schedule; doing it twice changes nothing. False when there is no such schedule.
    public func pause(_ isPaused: Bool, schedule id: UUID, namespace: String) async throws -> Bool {
        try await !database.query(
            """
            UPDATE schedules SET is_paused = \(isPaused), updated_at = CASE WHEN is_paused = \(isPaused) THEN updated_at ELSE now() END,
                revision = revision + 1
            WHERE id = \(id) AND namespace = \(namespace) RETURNING id
            """
        ).isEmpty
    }

    /// Removes a schedule; its jobs stay. False when there is no such schedule.
    public func deleteSchedule(_ id: UUID, namespace: String) async throws -> Bool {
        try await !database.query("DELETE FROM schedules WHERE id = \(id) AND namespace = \(namespace) RETURNING id")
            .isEmpty
    }

    /// What `Schedule.init(row:)` reads.
    static var scheduleColumns: Statement {
        """
        id, namespace, name, cron, time_zone, job, catch_up, catch_up_limit, overlap, is_paused, next_at, last_tick_at,
            last_job_id, last_error, fired, skipped, created_at, updated_at, revision
        """
    }
}

extension ScheduleDefinition {
    /// - Throws: `CronError` when there is none any more, which reading a definition has ruled out.
    func nextTick(after moment: Date) throws(CronError) -> Date {
        guard let tick = cron.ticks(after: moment, in: zone, limit: 1).first else {
            throw CronError("\"\(cron.text)\" never happens again")
        }
        return tick
    }
}
