import Foundation
import Postgres

/// How many commands of a type stand in the broker, as the rows tell it.
public struct DispatchState: Sendable {
    /// The type whose queue it is.
    public let type: String
    /// Jobs whose command was confirmed by the broker and not yet claimed.
    public let dispatched: Int
    /// Of these, the ones dispatched longer ago than the time asked for.
    public let stale: Int

    /// Makes a state.
    public init(type: String, dispatched: Int, stale: Int) {
        self.type = type
        self.dispatched = dispatched
        self.stale = stale
    }
}

extension JobStore {
    /// Takes or renews a duty that one process at a time does; false when another holds it.
    ///
    /// Two holders for a moment (a process that was paused past its time) are harmless: a command published twice is claimed once.
    public func lead(_ duty: String, as holder: String, for time: Duration) async throws -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO leaders AS l (duty, holder, until)
            VALUES (\(duty), \(holder), now() + \(time.seconds) * interval '1 second')
            ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE l.holder = excluded.holder OR l.until < now()
            RETURNING duty
            """)
        return !rows.isEmpty
    }

    /// Gives a duty back, so that another process need not wait for its end.
    public func resign(_ duty: String, as holder: String) async throws {
        _ = try await database.query("DELETE FROM leaders WHERE duty = \(duty) AND holder = \(holder)")
    }

    /// Queues the scheduled jobs whose time has come; answers how many.
    public func release(limit: Int = 1000) async throws -> Int {
        let moved = try await database.query(
            """
            WITH due AS (
                SELECT id FROM jobs WHERE status = 'scheduled' AND due_at <= now()
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE jobs j SET status = 'queued' FROM due
                WHERE j.id = due.id AND j.status = ANY(\(Transition.release.guardStatuses))
                RETURNING j.id, j.type, j.attempt
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt) SELECT id, type, 'queued', 'queued', attempt FROM moved
            )
            SELECT id FROM moved
            """)
        if !moved.isEmpty { try await announce() }
        return moved.count
    }

    /// Records that the broker has confirmed these jobs' commands.
    ///
    /// A job that was given back meanwhile must be published again, so it is left out: giving back sets `due_at` to that moment,
    /// which is later than `readAt` and not in the future, where a direct publication's grace ends.
    ///
    /// Rows that are locked are left out too: whoever holds the lock is claiming or ending the job, and waiting for each other's
    /// rows in two orders would be a deadlock. A row left out by accident is published again later, which is harmless.
    ///
    /// - Parameter readAt: when the commands were read from the backlog; nil for the direct path.
    public func markDispatched(_ ids: [UUID], readAt: Date?) async throws {
        _ = try await database.query(
            """
            WITH free AS (
                SELECT id FROM jobs WHERE id = ANY(\(ids)) AND status = 'queued' AND dispatched_at IS NULL
                    AND CASE WHEN \(readAt as Date?)::timestamptz IS NULL THEN due_at > now() ELSE due_at <= \(readAt as Date?) END
                FOR UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET dispatched_at = now() FROM free WHERE j.id = free.id
            """)
    }

    /// Lets the dispatcher publish these jobs' commands anew, because the ones in the broker are lost or were given back.
    public func undispatch(_ ids: [UUID]) async throws {
        _ = try await database.query(
            """
            WITH free AS (SELECT id FROM jobs WHERE id = ANY(\(ids)) AND status = 'queued' FOR UPDATE SKIP LOCKED)
            UPDATE jobs j SET dispatched_at = NULL, due_at = now() FROM free WHERE j.id = free.id
            """)
    }

    /// The state of each of these types' queues as the rows tell it.
    public func dispatchStates(types: [String], staleAfter: Duration) async throws -> [DispatchState] {
        try await database.query(Self.dispatchStates(types: types, staleAfter: staleAfter)).map(
            DispatchState.init(row:))
    }

    static func dispatchStates(types: [String], staleAfter: Duration) -> Statement {
        """
        SELECT t.type, d.dispatched, d.stale
        FROM unnest(\(types)) AS t (type), LATERAL (
            SELECT count(*) AS dispatched,
                count(*) FILTER (WHERE dispatched_at < now() - \(staleAfter.seconds) * interval '1 second') AS stale
            FROM jobs WHERE status = 'queued' AND dispatched_at IS NOT NULL AND type = t.type
        ) d
        """
    }

    /// Takes the oldest dispatched jobs of a type, whose commands the broker no longer has, back into the dispatcher's hands.
    public func undispatchLost(type: String, count: Int, staleAfter: Duration) async throws -> Int {
        try await database.query(
            """
            WITH lost AS (
                SELECT id FROM jobs
                WHERE status = 'queued' AND dispatched_at < now() - \(staleAfter.seconds) * interval '1 second' AND type = \(type)
                ORDER BY dispatched_at LIMIT \(count) FOR UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET dispatched_at = NULL, due_at = now() FROM lost WHERE j.id = lost.id RETURNING j.id
            """
        ).count
    }
}

extension DispatchState {
    init(row: Row) throws {
        self.init(
            type: try row.decode("type"), dispatched: Int(try row.decode("dispatched", as: Int64.self)),
            stale: Int(try row.decode("stale", as: Int64.self)))
    }
}
