import Foundation
import JSON
import Postgres

extension JobStore {
    /// Keeps a dead letter. One that comes again is counted, and waits again if it had been sent again.
    public func add(_ letter: DeadLetter) async throws {
        _ = try await database.query(
            """
            INSERT INTO dead_letters AS d (id, reason, detail, exchange, routing_key, job_id, headers, body)
            VALUES (\(letter.id), \(letter.reason), \(letter.detail), \(letter.exchange), \(letter.routingKey), \(letter.job as UUID?),
                \(JSONText(replacingNUL: letter.headers)), \(letter.body))
            ON CONFLICT (id) DO UPDATE SET arrivals = d.arrivals + 1, redriven_at = NULL, received_at = now()
            """)
    }

    /// The dead letters that a filter lets through, the newest first, with the start of each body.
    public func deadLetters(_ filter: DeadLetterFilter) async throws -> [DeadLetter] {
        var statement: Statement = """
            SELECT id, reason, detail, exchange, routing_key, job_id, headers, substring(body FROM 1 FOR \(DeadLetter.shown)) AS body,
                octet_length(body) AS size, received_at, arrivals, redriven_at
            FROM dead_letters WHERE true\(filter.conditions)
            """
        if let before = filter.before {
            statement.append(" AND (received_at, id) < (\(before.receivedAt), \(before.id))")
        }
        statement.append(" ORDER BY received_at DESC, id DESC LIMIT \(filter.limit)")
        return try await database.query(statement).map(DeadLetter.init(row:))
    }

    /// One dead letter with its whole body.
    public func deadLetter(_ id: UUID) async throws -> DeadLetter? {
        try await wholeDeadLetters(" AND id = \(id)", limit: 1).first
    }

    /// Dead letters that wait with their whole bodies, the oldest first, received after `position`.
    public func waitingDeadLetters(
        reason: String, type: String?, after position: (receivedAt: Date, id: UUID)?, limit: Int
    ) async throws -> [DeadLetter] {
        var conditions = DeadLetterFilter(reason: reason, type: type, isWaiting: true).conditions
        if let position { conditions.append(" AND (received_at, id) > (\(position.receivedAt), \(position.id))") }
        return try await wholeDeadLetters(conditions, limit: limit)
    }

    private func wholeDeadLetters(_ conditions: Statement, limit: Int) async throws -> [DeadLetter] {
        try await database.query(
            """
            SELECT id, reason, detail, exchange, routing_key, job_id, headers, body, octet_length(body) AS size, received_at,
                arrivals, redriven_at
            FROM dead_letters WHERE true\(conditions) ORDER BY received_at, id LIMIT \(limit)
            """
        ).map(DeadLetter.init(row:))
    }

    /// Records that the broker has taken these again; the ones that have come back meanwhile go on waiting.
    public func markRedriven(_ letters: [DeadLetter], entry: AuditEntry) async throws {
        try await database.pipeline([
            """
            UPDATE dead_letters d SET redriven_at = now()
            FROM unnest(\(letters.map(\.id)), \(letters.map(\.arrivals))) AS i (id, arrivals)
            WHERE d.id = i.id AND d.arrivals = i.arrivals
            """,
            entry.statement,
        ])
    }

    /// Removes a dead letter; false when there is none.
    public func deleteDeadLetter(_ id: UUID, entry: AuditEntry) async throws -> Bool {
        try await database.transaction { session in
            let deleted = try session.query("DELETE FROM dead_letters WHERE id = \(id) RETURNING id")
            if !deleted.isEmpty { try session.query(entry.statement) }
            return !deleted.isEmpty
        }
    }

    /// Whether a job has ended, whatever its namespace.
    public func hasEnded(_ job: UUID) async throws -> Bool {
        try await !database.query("SELECT id FROM jobs WHERE id = \(job) AND finished_at IS NOT NULL").isEmpty
    }

    /// How many dead letters wait, counted up to a limit.
    public func waitingDeadLetterCount(limit: Int) async throws -> Int {
        let rows = try await database.query(
            "SELECT count(*) AS n FROM (SELECT 1 FROM dead_letters WHERE redriven_at IS NULL LIMIT \(limit)) d")
        return Int(try rows[0].decode("n", as: Int64.self))
    }
}

extension DeadLetterFilter {
    fileprivate var conditions: Statement {
        var conditions: Statement = ""
        if let reason { conditions.append(" AND reason = \(reason)") }
        if let type { conditions.append(" AND routing_key = \(type)") }
        if let isWaiting { conditions.append(isWaiting ? " AND redriven_at IS NULL" : " AND redriven_at IS NOT NULL") }
        return conditions
    }
}

extension DeadLetter {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode("id"), reason: try row.decode("reason"), detail: try row.decode("detail"),
            exchange: try row.decode("exchange"), routingKey: try row.decode("routing_key"),
            job: try row.decode("job_id"), headers: try row.decode("headers", as: JSONText.self).bytes,
            body: try row.decode("body"), size: Int(try row.decode("size", as: Int32.self)),
            receivedAt: try row.decode("received_at"), arrivals: try row.decode("arrivals"),
            redrivenAt: try row.decode("redriven_at"))
    }
}
