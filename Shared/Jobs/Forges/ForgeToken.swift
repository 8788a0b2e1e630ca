import Foundation
import Postgres

/// A token of a git provider by a digest of it, with a budget of writes: providers count by token, whichever worker sends.
public struct ForgeToken: Sendable {
    /// How much may be written.
    public struct Budget: Sendable {
        /// Writes in a minute.
        public let perMinute: Double
        /// How many may come at once after a while without any.
        public let burst: Double

        /// Makes a budget.
        public init(perMinute: Double, burst: Double) { (self.perMinute, self.burst) = (perMinute, burst) }
    }

    /// SHA-256 of the provider's address and the token.
    public let id: [UInt8]
    /// The job that writes.
    public let holder: UUID
    /// Its attempt: a later one takes over from one that died.
    public let attempt: Int32
    /// How much may be written.
    public let budget: Budget

    /// Names a token and who wants it.
    public init(id: [UInt8], holder: UUID, attempt: Int32, budget: Budget) {
        (self.id, self.holder, self.attempt, self.budget) = (id, holder, attempt, budget)
    }

    /// Takes the token for so long; false while another attempt has it.
    public func take(for time: Duration, in store: JobStore) async throws -> Bool {
        try await !store.database.query(
            """
            INSERT INTO forge_tokens AS t (id, holder, attempt, held_until, budget, counted_at)
            VALUES (\(id), \(holder), \(attempt), now() + \(time.seconds) * interval '1 second', \(budget.burst), now())
            ON CONFLICT (id) DO UPDATE SET
                holder = excluded.holder, attempt = excluded.attempt, held_until = excluded.held_until
            WHERE t.holder IS NULL OR t.held_until < now() OR t.holder = excluded.holder AND t.attempt <= excluded.attempt
            RETURNING id
            """
        ).isEmpty
    }

    /// Takes a write of the budget and keeps the token for so long; answers how long to wait before it is sent, or nil when another attempt has taken
    /// the token.
    ///
    /// - Parameter most: the longest wait that is of use; for a longer one nothing is taken.
    public func spend(keepingFor time: Duration, most: Duration, in store: JobStore) async throws -> Duration? {
        let rate = budget.perMinute / 60
        let row = try await store.database.query(
            """
            WITH now_left AS (
                SELECT id, least(\(budget.burst), budget + extract(epoch FROM now() - counted_at)::float8 * \(rate)) AS budget,
                    CASE WHEN blocked_until > now() THEN extract(epoch FROM blocked_until - now())::float8 END AS blocked
                FROM forge_tokens WHERE id = \(id) AND holder = \(holder) AND attempt = \(attempt) FOR UPDATE
            ), due AS (
                SELECT id, budget, greatest(0, (1 - budget) / \(rate), blocked) AS wait FROM now_left
            )
            UPDATE forge_tokens t SET
                budget = d.budget - CASE WHEN d.wait <= \(most.seconds) THEN 1 ELSE 0 END, counted_at = now(),
                held_until = now() + \(time.seconds) * interval '1 second'
            FROM due d WHERE t.id = d.id
            RETURNING d.wait
            """
        ).first
        return try row.map { .seconds(try $0.decode("wait", as: Double.self)) }
    }

    /// How long the provider wants to be left alone from now.
    public func wait(in store: JobStore) async throws -> Duration {
        let row = try await store.database.query(
            """
            SELECT extract(epoch FROM blocked_until - now())::float8 AS wait FROM forge_tokens
            WHERE id = \(id) AND blocked_until > now()
            """
        ).first
        return .seconds(try row?.decode("wait", as: Double.self) ?? 0)
    }

    /// Keeps everybody from writing with the token for so long.
    public func block(for time: Duration, in store: JobStore) async throws {
        _ = try await store.database.query(
            """
            UPDATE forge_tokens SET blocked_until = greatest(blocked_until, now() + \(time.seconds) * interval '1 second')
            WHERE id = \(id)
            """)
    }

    /// Forgets tokens that nobody has held for so long, and which need not be left alone; many live for a job only.
    public static func forget(unusedFor time: Duration, limit: Int, in store: JobStore) async throws {
        try await store.database.query(
            """
            DELETE FROM forge_tokens WHERE id IN (
                SELECT id FROM forge_tokens
                WHERE held_until < now() - \(time.seconds) * interval '1 second' AND blocked_until < now()
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    /// Gives the token back.
    public func giveBack(in store: JobStore) async throws {
        _ = try await store.database.query(
            "UPDATE forge_tokens SET holder = NULL WHERE id = \(id) AND holder = \(holder) AND attempt = \(attempt)")
    }
}
