import Foundation
import Postgres

/// The jobs of one tenant in one class that wait for their commands: what takes turns with the others.
public struct Lane: Sendable, Hashable {
    /// The class.
    public let priority: Priority
    /// The tenant.
    public let namespace: String

    /// Names a lane.
    public init(_ priority: Priority, _ namespace: String) {
        self.priority = priority
        self.namespace = namespace
    }
}

/// What a dispatcher sees of the database at one moment.
public struct DispatchSurvey: Sendable {
    /// What stands in the broker, by type.
    public internal(set) var states: [String: DispatchState] = [:]
    /// The lanes with a job that may be dispatched, by type; at most a page of each class, in the order of the namespaces.
    public internal(set) var lanes: [String: [Lane]] = [:]
    /// Of the jobs asked about, those that still wait for a worker and whose rows do not say dispatched.
    public internal(set) var waiting: Set<UUID> = []
}

/// From where the lanes of a class are read.
public struct LaneCursor: Sendable {
    /// The type.
    public let type: String
    /// The class.
    public let priority: Priority
    /// The namespace after which to begin; empty for the first.
    public let after: String

    /// Makes a cursor.
    public init(type: String, priority: Priority, after: String = "") {
        self.type = type
        self.priority = priority
        self.after = after
    }
}

/// How much of a lane is wanted.
public struct LaneRequest: Sendable {
    /// The lane.
    public let lane: Lane
    /// The job after which to begin; nil for the oldest.
    public let after: UUID?
    /// The most jobs.
    public let count: Int

    /// Makes a request.
    public init(_ lane: Lane, after: UUID? = nil, count: Int) {
        self.lane = lane
        self.after = after
        self.count = count
    }
}

/// Something of the backlog that has its turn with its lane.
public protocol LaneMember: Sendable {
    /// Where it waits.
    var lane: Lane { get }
}

/// A job of the backlog, as far as the order depends on it.
public struct BacklogJob: LaneMember, Hashable {
    /// Its id.
    public let id: UUID
    /// Where it waits.
    public let lane: Lane
    /// The client's word for what its jobs must share.
    public let concurrencyKey: String?

    /// Makes it.
    public init(id: UUID, lane: Lane, concurrencyKey: String? = nil) {
        self.id = id
        self.lane = lane
        self.concurrencyKey = concurrencyKey
    }
}

/// A command of the backlog.
public struct BacklogCommand: LaneMember {
    /// Where its job waits.
    public let lane: Lane
    /// What is to be published.
    public let command: Command
}

extension JobStore {
    /// Looks at all that a dispatcher decides by, in one round trip.
    ///
    /// The lanes are found by skipping through `jobs_backlog` from one namespace to the next, so that a tenant with a million jobs costs
    /// no more than one with a single job. The comparisons of whole rows are what keeps each step on that index.
    ///
    /// - Parameters:
    ///   - cursors: from where to look for lanes; with none it is not looked for any.
    ///   - page: the most namespaces of a class.
    ///   - asked: the jobs of which the caller wants to know whether they still wait.
    ///   - published: jobs whose commands are published and whose rows do not say so yet; they are no backlog.
    public func survey(
        types: [String], cursors: [LaneCursor], page: Int, asked: [UUID] = [], except published: [UUID] = [],
        staleAfter: Duration
    ) async throws -> DispatchSurvey {
        var statements: [Statement] = [
            Self.dispatchStates(types: types, staleAfter: staleAfter),
            "SELECT id FROM jobs WHERE id = ANY(\(asked)) AND status = 'queued' AND dispatched_at IS NULL",
        ]
        if !cursors.isEmpty { statements.append(Self.lanes(cursors, page: page, except: published)) }
        let rows = try await database.pipeline(statements)
        var survey = DispatchSurvey()
        for row in rows[0] {
            let state = try DispatchState(row: row)
            survey.states[state.type] = state
        }
        survey.waiting = Set(try rows[1].map { try $0.decode("id", as: UUID.self) })
        for row in rows.dropFirst(2).joined() {
            survey.lanes[try row.decode("type", as: String.self), default: []].append(try Lane(row: row))
        }
        return survey
    }

    static func lanes(_ cursors: [LaneCursor], page: Int, except published: [UUID]) -> Statement {
        let due = isDue(except: published)
        return """
            WITH RECURSIVE lanes (type, priority, namespace, place) AS (
                SELECT c.type, c.priority, f.namespace, 1
                FROM unnest(\(cursors.map(\.type)), \(cursors.map(\.priority.rawValue)), \(cursors.map(\.after)))
                    AS c (type, priority, after), LATERAL (
                        SELECT priority, namespace FROM jobs
                        WHERE type = c.type AND (priority, namespace) > (c.priority, c.after) AND \(due)
                        ORDER BY priority, namespace LIMIT 1
                    ) f
                WHERE f.priority = c.priority
                UNION ALL
                SELECT l.type, l.priority, n.namespace, l.place + 1
                FROM lanes l, LATERAL (
                    SELECT priority, namespace FROM jobs
                    WHERE type = l.type AND (priority, namespace) > (l.priority, l.namespace) AND \(due)
                    ORDER BY priority, namespace LIMIT 1
                ) n
                WHERE n.priority = l.priority AND l.place < \(Int32(page))
            )
            SELECT type, priority, namespace FROM lanes ORDER BY type, priority, namespace
            """
    }

    /// The oldest jobs of each of these lanes, without their contents.
    public func backlog(type: String, _ requests: [LaneRequest], except published: [UUID] = []) async throws
        -> [BacklogJob]
    {
        let columns: StaticString = "j.id, j.priority, j.namespace, j.concurrency_key"
        return try await database.query(Self.oldest(columns, type: type, requests, except: published)).map { row in
            BacklogJob(
                id: try row.decode("id"), lane: try Lane(row: row),
                concurrencyKey: try row.decode("concurrency_key"))
        }
    }

    /// The commands of the oldest jobs of each of these lanes, and the database's time.
    public func backlogCommands(
        type: String, _ requests: [LaneRequest], except published: [UUID] = []
    ) async throws -> (commands: [BacklogCommand], readAt: Date) {
        let rows = try await database.query(
            Self.oldest(Self.commandColumns, type: type, requests, except: published))
        let readAt = try rows.first?.decode("read_at", as: Date.self) ?? Date()
        return (try rows.map { BacklogCommand(lane: try Lane(row: $0), command: try Command(row: $0)) }, readAt)
    }

    /// The comparisons of whole rows keep it on `jobs_backlog`.
    static func oldest(
        _ columns: StaticString, type: String, _ requests: [LaneRequest], except published: [UUID]
    ) -> Statement {
        """
        SELECT b.*, now() AS read_at
        FROM unnest(\(requests.map(\.lane.priority.rawValue)), \(requests.map(\.lane.namespace)),
            \(requests.map { $0.after ?? Self.firstID }), \(requests.map { Int32($0.count) }))
            WITH ORDINALITY AS r (priority, namespace, after, count, place), LATERAL (
                SELECT \(raw: columns) FROM jobs j
                WHERE type = \(type) AND (priority, namespace, id) > (r.priority, r.namespace, r.after)
                    AND (priority, namespace) <= (r.priority, r.namespace) AND \(isDue(except: published))
                ORDER BY priority, namespace, id LIMIT r.count
            ) b
        ORDER BY r.place, b.id
        """
    }

    /// New jobs have later ids than those that are published, so most are not looked up among them. A subquery is hashed, an array
    /// that is a parameter is not.
    private static func isDue(except published: [UUID]) -> Statement {
        let last = published.max() ?? firstID
        return """
            status = 'queued' AND dispatched_at IS NULL AND due_at <= now()
            AND (id > \(last) OR id NOT IN (SELECT unnest(\(published))))
            """
    }

    /// The commands of these jobs in their order, without those that no longer wait, and the database's time.
    public func commands(of ids: [UUID]) async throws -> (commands: [Command], readAt: Date) {
        let rows = try await database.query(
            """
            SELECT \(raw: Self.commandColumns), now() AS read_at FROM jobs j
            WHERE id = ANY(\(ids)) AND status = 'queued' AND dispatched_at IS NULL AND due_at <= now()
            """)
        let readAt = try rows.first?.decode("read_at", as: Date.self) ?? Date()
        return (try Self.commands(rows, in: ids), readAt)
    }

    /// Marks these jobs dispatched before their commands are published, and books their starts: the path of jobs under a limit, so
    /// that whatever happens next, none of them is forgotten in the counting.
    ///
    /// Does nothing for one who no longer leads: two leaders for a moment would each use the whole limit.
    public func commandsMarking(
        _ ids: [UUID], buckets: [LimitBucket], duty: String, holder: String
    ) async throws -> [Command] {
        let leads: Statement = """
            EXISTS (SELECT 1 FROM leaders WHERE duty = \(duty) AND holder = \(holder) AND until > now())
            """
        let rows = try await database.pipeline([
            """
            WITH free AS (
                SELECT id FROM jobs
                WHERE id = ANY(\(ids)) AND status = 'queued' AND dispatched_at IS NULL AND due_at <= now() AND \(leads)
                FOR UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET dispatched_at = now() FROM free WHERE j.id = free.id RETURNING \(raw: Self.commandColumns)
            """,
            """
            INSERT INTO limit_buckets AS b (scope, namespace, subject, full_at)
            SELECT * FROM unnest(\(buckets.map(\.subject.scope.rawValue)), \(buckets.map(\.subject.namespace)),
                \(buckets.map(\.subject.name)), \(buckets.map(\.fullAt))) AS i (scope, namespace, subject, full_at)
            WHERE \(leads)
            ON CONFLICT (scope, namespace, subject) DO UPDATE SET full_at = excluded.full_at
            """,
        ])
        return try Self.commands(rows[0], in: ids)
    }

    private static let commandColumns: StaticString = """
        j.id, j.namespace, j.type, j.spec, j.name, j.labels, j.priority, j.timeout_seconds, j.max_attempts, j.crashes, j.parallelism, j.parent_id,
        j.trace_id, j.concurrency_key, j.expires_at
        """

    private static func commands(_ rows: Rows, in order: [UUID]) throws -> [Command] {
        var found: [UUID: Command] = [:]
        found.reserveCapacity(rows.count)
        for row in rows {
            let command = try Command(row: row)
            found[command.id] = command
        }
        return order.compactMap { found[$0] }
    }

    private static let firstID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}

extension Lane {
    fileprivate init(row: Row) throws {
        self.init(Priority(rawValue: try row.decode("priority")) ?? .normal, try row.decode("namespace"))
    }
}
