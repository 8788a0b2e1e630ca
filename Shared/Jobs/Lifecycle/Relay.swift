import Foundation
import JSON
import Postgres

/// A way out for events. Each has a cursor of its own, so that one that stands still does not hold up the other.
public enum RelaySink: String, Sendable, CaseIterable {
    /// The topic exchange `switchyard.events`.
    case amqp
    /// Rows for deliveries to webhooks.
    case webhooks
}

/// A moment to which the history may be read once nothing before it can still change. See `JobStore.horizon`.
public struct Horizon: Sendable {
    /// The last sequence number that had been given out.
    public let last: Int64
    /// A transaction that began after that.
    let transaction: Int64
}

/// An event as it leaves.
public struct OutgoingEvent: Sendable {
    /// Its number, which orders all events.
    public let sequence: Int64
    /// The job it is about.
    public let job: UUID
    /// The job's type.
    public let type: String
    /// `progress`, `checkpoint`, `pull_request`, or the job's status after the event.
    public let word: String
    /// The message, a JSON object.
    public let body: [UInt8]

    /// The same for every copy of the event, so that receivers can drop repeats.
    public var id: String { "\(job.text)-\(sequence)" }

    /// The words that subscriptions name.
    public static let words = JobStatus.allCases.map(\.rawValue) + Event.kindsWithoutChange

    /// What a message says.
    public static let schema = Schema.answer(
        "An event as subscribers get it.",
        [
            "type": Schema.text.described(
                "`job.` and the job's status after the event, `progress`, `checkpoint` or `pull_request`."),
            "timestamp": Schema.time.described("When it happened."),
            "data": Schema.answer(
                "The event and its job.",
                [
                    "seq": Schema.count, "job_id": Schema.uuid, "job_type": Schema.text, "namespace": Schema.text,
                    "name": Schema.text.orNull, "labels": Schema.map(Schema.text), "event": Schema.text,
                    "status": JobStatus.schema, "attempt": Schema.count, "parent_id": Schema.uuid.orNull,
                    "original_job_id": Schema.uuid.orNull, "trace_id": Schema.text.orNull,
                    "data": Schema.anyObject.orNull,
                ]),
        ])
}

/// Reading events in one order over all jobs.
///
/// Numbers are given out before their transactions commit, so a reader that simply went on after the last number that it saw
/// would pass over what commits late. Every statement that inserts an event takes its number for a row that the same statement has
/// inserted, updated or locked in `jobs`: PostgreSQL has given the transaction its id by then. So: read the last number S, then begin a transaction
/// X. Whoever owns a number up to S has an id below X. Once no transaction below X runs (`pg_snapshot_xmin` of a new
/// snapshot has reached X), all of them have ended, and what they left is there to be read up to S.
///
/// X must be an id of one's own: `pg_snapshot_xmax` is one past the last transaction that has *ended*, and an older one that still
/// runs may lie above it. A transaction that stays open anywhere on the server holds back all events behind it.
extension JobStore {
    /// Takes a horizon; it may be read up to when `isFinal` answers true.
    public func horizon() async throws -> Horizon {
        let rows = try await database.pipeline([
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass), 0) AS last",
            "SELECT pg_current_xact_id()::text::bigint AS transaction",
        ])
        return Horizon(
            last: try rows[0][0].decode("last"), transaction: try rows[1][0].decode("transaction"))
    }

    /// Whether every transaction that may own a number up to the horizon has ended. Once true, it stays true.
    public func isFinal(_ horizon: Horizon) async throws -> Bool {
        try await database.query(
            "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= \(String(horizon.transaction))::xid8 AS final"
        )[0].decode("final")
    }

    /// How far a way out has come.
    public func position(of sink: RelaySink) async throws -> Int64 {
        try await database.query("SELECT position FROM relay_cursors WHERE sink = \(sink.rawValue)")[0].decode(
            "position")
    }

    /// Moves a cursor; false when another relay has moved it meanwhile.
    ///
    /// The move may be lost when the server crashes, which repeats some events.
    public func move(_ sink: RelaySink, from position: Int64, to next: Int64) async throws -> Bool {
        let rows = try await database.pipeline([
            "SELECT set_config('synchronous_commit', 'off', true)",
            "UPDATE relay_cursors SET position = \(next) WHERE sink = \(sink.rawValue) AND position = \(position) RETURNING sink",
        ])
        return !rows[1].isEmpty
    }

    /// The events after one number up to another, in order. Numbers have gaps.
    public func outgoing(after position: Int64, through last: Int64) async throws -> [OutgoingEvent] {
        try await database.query(
            """
            SELECT e.seq, e.job_id, j.type, \(Self.word) AS word, \(Self.message) AS body
            FROM events e JOIN jobs j ON j.id = e.job_id
            WHERE e.seq > \(position) AND e.seq <= \(last)
            ORDER BY e.seq
            """
        ).map(OutgoingEvent.init(row:))
    }

    /// The first event of each type and word in a range, in order.
    ///
    /// The jobs of the other events are not looked up, unless a first one's job is gone. Words are grouped bytewise: the database's
    /// collation costs time.
    public func firstOutgoing(after position: Int64, through last: Int64) async throws -> [OutgoingEvent] {
        func firsts(where condition: Statement = "true") -> Statement {
            """
            WITH firsts AS MATERIALIZED (
                SELECT min(seq) AS seq FROM (
                    SELECT e.seq, (\(Self.word)) COLLATE "C" AS word,
                        coalesce(e.type, (SELECT type FROM jobs WHERE id = e.job_id)) AS type
                    FROM events e WHERE e.seq > \(position) AND e.seq <= \(last) AND \(condition)
                ) e
                GROUP BY type, word
            )
            SELECT e.seq, e.job_id, j.type, \(Self.word) AS word, \(Self.message) AS body, j.id IS NULL AS gone
            FROM firsts f JOIN events e ON e.seq = f.seq LEFT JOIN jobs j ON j.id = e.job_id
            ORDER BY e.seq
            """
        }
        var rows = try await database.query(firsts())
        if try rows.contains(where: { try $0.decode("gone") }) {
            rows = try await database.query(firsts(where: "EXISTS (SELECT FROM jobs j WHERE j.id = e.job_id)"))
        }
        return try rows.map(OutgoingEvent.init(row:))
    }

    /// Makes delivery rows of the events in a range, one for each subscription that wants the event, and moves the cursor, in one
    /// transaction: whatever crashes, an event becomes rows once.
    ///
    /// - Returns: how many rows; nil when another relay has moved the cursor.
    public func fanOut(after position: Int64, through last: Int64) async throws -> Int? {
        let row = try await database.query(
            """
            WITH moved AS (
                UPDATE relay_cursors SET position = \(last) WHERE sink = 'webhooks' AND position = \(position) RETURNING sink
            ), added AS (
                INSERT INTO webhook_deliveries (webhook_id, job_id, event, event_id, body)
                SELECT w.id, e.job_id, \(Self.word), e.job_id::text || '-' || e.seq, \(Self.message)
                FROM moved, events e JOIN jobs j ON j.id = e.job_id
                    JOIN webhooks w ON w.namespace = j.namespace AND w.status = 'active'
                WHERE e.seq > \(position) AND e.seq <= \(last) AND \(Self.word) = ANY(w.events)
                    AND (cardinality(w.types) = 0 OR j.type = ANY(w.types)) AND j.labels @> w.labels
                ORDER BY e.seq
                RETURNING id
            )
            SELECT (SELECT count(*) FROM moved) AS moved, (SELECT count(*) FROM added) AS added
            """)[0]
        guard try row.decode("moved", as: Int64.self) > 0 else { return nil }
        return Int(try row.decode("added", as: Int64.self))
    }

    /// Moves the cursor of the webhooks without reading events, when no subscription is active.
    ///
    /// A subscription that is not visible to this statement commits after it, so its client can only speak of later events.
    public func passOver(after position: Int64, through last: Int64) async throws -> Bool {
        try await !database.query(
            """
            UPDATE relay_cursors SET position = \(last)
            WHERE sink = 'webhooks' AND position = \(position) AND NOT EXISTS (SELECT FROM webhooks WHERE status = 'active')
            RETURNING sink
            """
        ).isEmpty
    }

    /// The sessions whose open transactions hold events back, the oldest first, for operators.
    public func oldestTransactions() async throws -> [String] {
        try await database.query(
            """
            SELECT pid || ' (' || coalesce(application_name, '') || ', ' || coalesce(state, '') || ', since '
                || to_char(xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ')' AS session
            FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 3
            """
        ).map { try $0.decode("session") }
    }

    private static var word: Statement {
        "CASE WHEN e.kind = ANY(\(Event.kindsWithoutChange)) THEN e.kind ELSE e.status END"
    }

    /// The message of event `e` of job `j`. Its parts follow the Standard Webhooks specification.
    private static var message: Statement {
        """
        json_build_object('type', 'job.' || \(word),
            'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'data', json_build_object('seq', e.seq, 'job_id', e.job_id, 'job_type', j.type, 'namespace', j.namespace,
                'name', j.name, 'labels', j.labels, 'event', e.kind, 'status', e.status, 'attempt', e.attempt,
                'parent_id', j.parent_id, 'original_job_id', j.original_job_id, 'trace_id', j.trace_id, 'data', e.data))::text
        """
    }
}

extension OutgoingEvent {
    fileprivate init(row: Row) throws {
        self.init(
            sequence: try row.decode("seq"), job: try row.decode("job_id"), type: try row.decode("type"),
            word: try row.decode("word"), body: Array(try row.decode("body", as: String.self).utf8))
    }
}
