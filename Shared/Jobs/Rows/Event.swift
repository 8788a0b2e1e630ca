import Foundation
import JSON
import Postgres

/// One entry of a job's ordered history.
public struct Event: Sendable, Representation {
    /// Its number, growing in commit order within one job: the id that SSE clients send back.
    public let sequence: Int64
    /// The job it is about.
    public let job: UUID
    /// What happened: a status word, `progress`, `checkpoint`, `pull_request`, `retrying`, `handed_back`, `lease_expired`.
    public let kind: String
    /// The job's status after it. A `pull_request`, which tells what became of what the job has made, may come after the job's end.
    public let status: JobStatus
    /// The number of the attempt, from 1; 0 before the first.
    public let attempt: Int32
    /// More about it, a JSON object.
    public let data: [UInt8]?
    /// When it happened.
    public let at: Date

    /// The kinds of events that change no status.
    static let kindsWithoutChange = ["progress", "checkpoint", ForgeNews.kind]

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One entry of a job's ordered history.",
        [
            "seq": Schema.count.described("Grows within a job; the id of server-sent events."), "job_id": Schema.uuid,
            "event": Schema.text.described(
                "What happened: a status word, `progress`, `checkpoint`, `pull_request`, `retrying`, …"),
            "status": JobStatus.schema.described("The job's status after it."), "attempt": Schema.count,
            "data": Schema.anyObject, "at": Schema.time,
        ], optional: ["data"])

    /// Appends the event as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("seq", Int(sequence))
        json.member("job_id", job)
        json.member("event", kind)
        json.member("status", status.rawValue)
        json.member("attempt", Int(attempt))
        if let data { json.member("data", raw: data) }
        json.member("at", at)
        json.endObject()
    }
}

/// Which of a job's events are wanted.
public struct EventFilter: Sendable {
    /// What an event is about.
    public enum Level: String, Sendable, CaseIterable {
        /// The job: its status changed.
        case job
        /// An attempt at the job: it began, went on or ended. What ends an attempt changes the job too, and is both.
        case execution
    }

    /// Events of these kinds; of all when empty.
    public var kinds: [String]
    /// Events about this.
    public var level: Level?
    /// Events of this attempt.
    public var attempt: Int32?
    /// Events from this time on.
    public var since: Date?
    /// Events before this time.
    public var until: Date?

    /// Makes a filter; without arguments it takes every event.
    public init(
        kinds: [String] = [], level: Level? = nil, attempt: Int32? = nil, since: Date? = nil, until: Date? = nil
    ) {
        self.kinds = kinds
        self.level = level
        self.attempt = attempt
        self.since = since
        self.until = until
    }

    fileprivate var conditions: Statement {
        var conditions: Statement = ""
        if !kinds.isEmpty { conditions.append(" AND kind = ANY(\(kinds))") }
        switch level {
        case .job: conditions.append(" AND NOT kind = ANY(\(Event.kindsWithoutChange))")
        case .execution:
            conditions.append(" AND attempt > 0 AND kind NOT IN ('queued', 'scheduled', 'pull_request')")
        case nil: break
        }
        if let attempt { conditions.append(" AND attempt = \(attempt)") }
        if let since { conditions.append(" AND at >= \(since)") }
        if let until { conditions.append(" AND at < \(until)") }
        return conditions
    }
}

extension JobStore {
    /// The events of several jobs, each after the number given with it, in order; at most `limit` in all.
    ///
    /// - Parameter time: when the oldest of the jobs was made: the partitions of earlier times are left out.
    public func events(
        after positions: [(job: UUID, sequence: Int64)], since time: Date = .distantPast, limit: Int
    ) async throws -> [Event] {
        try await database.query(
            """
            SELECT e.seq, e.job_id, e.kind, e.status, e.attempt, e.data, e.at
            FROM unnest(\(positions.map(\.job)), \(positions.map(\.sequence))) AS p (job_id, after), LATERAL (
                SELECT seq, job_id, kind, status, attempt, data, at FROM events
                WHERE \(Self.follows("p.after", of: "p.job_id")) AND at >= \(time)
                ORDER BY job_id, seq LIMIT \(limit)
            ) e
            ORDER BY e.seq LIMIT \(limit)
            """
        ).map(Event.init(row:))
    }

    /// A job's events in order, after the one with this number.
    public func history(
        of job: UUID, _ filter: EventFilter, after sequence: Int64, limit: Int
    ) async throws -> [Event] {
        try await database.query(
            """
            SELECT seq, job_id, kind, status, attempt, data, at FROM events
            WHERE \(Self.follows("\(sequence)", of: "\(job)"))\(filter.conditions)
            ORDER BY job_id, seq LIMIT \(limit)
            """
        ).map(Event.init(row:))
    }

    /// That an event is the job's and comes after a number.
    ///
    /// The comparisons of whole rows keep it on the index by job: over a young table the planner would read all events by number.
    private static func follows(_ sequence: Statement, of job: Statement) -> Statement {
        "(job_id, seq) > (\(job), \(sequence)) AND (job_id, seq) <= (\(job), \(Int64.max))"
    }
}

extension Event {
    fileprivate init(row: Row) throws {
        self.init(
            sequence: try row.decode("seq"), job: try row.decode("job_id"), kind: try row.decode("kind"),
            status: try row.decodeStatus("status"), attempt: try row.decode("attempt"),
            data: try row.decode("data", as: JSONText?.self)?.bytes, at: try row.decode("at"))
    }
}
