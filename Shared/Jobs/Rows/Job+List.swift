import Foundation
import JSON
import Postgres

/// Which jobs a list shows.
public struct JobFilter: Sendable {
    /// Only jobs of this type.
    public var type: String?
    /// Only jobs in one of these statuses; all when empty.
    public var statuses: [JobStatus]
    /// Labels that a job must have, all of them.
    public var labels: [(key: String, value: String)]
    /// Only jobs below this one.
    public var parentID: UUID?
    /// Only jobs whose last attempt was on this worker.
    public var worker: String?
    /// Only jobs made at this time or later.
    public var createdAfter: Date?
    /// Only jobs made before this time.
    public var createdBefore: Date?
    /// Only jobs that come after this one in the list's order: the cursor.
    public var after: UUID?
    /// Whether the oldest come first, instead of the newest.
    public var isOldestFirst: Bool
    /// The most jobs of a page.
    public var limit: Int

    /// Makes a filter; without arguments it shows the newest jobs.
    public init(
        type: String? = nil, statuses: [JobStatus] = [], labels: [(key: String, value: String)] = [],
        parentID: UUID? = nil, worker: String? = nil, createdAfter: Date? = nil, createdBefore: Date? = nil,
        after: UUID? = nil, isOldestFirst: Bool = false, limit: Int = 50
    ) {
        self.type = type
        self.statuses = statuses
        self.labels = labels
        self.parentID = parentID
        self.worker = worker
        self.createdAfter = createdAfter
        self.createdBefore = createdBefore
        self.after = after
        self.isOldestFirst = isOldestFirst
        self.limit = limit
    }

    private var labelObject: [UInt8] {
        var object: JSONObject = [:]
        for (key, value) in labels { object[key] = .string(value) }
        return JSON.object(object).serialized()
    }

    /// Whether one label is to have two values.
    var isImpossible: Bool {
        Dictionary(labels.map { ($0.key, [$0.value]) }, uniquingKeysWith: +).values.contains { Set($0).count > 1 }
    }

    /// The conditions beyond namespace, status and cursor.
    var conditions: Statement {
        var conditions: Statement = ""
        if let type { conditions.append(" AND type = \(type)") }
        if !labels.isEmpty { conditions.append(" AND labels @> \(JSONText(labelObject))") }
        if let parentID { conditions.append(" AND parent_id = \(parentID)") }
        if let worker { conditions.append(" AND worker = \(worker)") }
        if let createdAfter { conditions.append(" AND created_at >= \(createdAfter)") }
        if let createdBefore { conditions.append(" AND created_at < \(createdBefore)") }
        return conditions
    }

    fileprivate var statusWords: [String] { (statuses.isEmpty ? JobStatus.allCases : statuses).map(\.rawValue) }

    /// That a job comes after the cursor.
    fileprivate func isAhead(_ id: StaticString) -> Statement {
        guard let after else { return "true" }
        return isOldestFirst ? "\(raw: id) > \(after)" : "\(raw: id) < \(after)"
    }

    fileprivate var direction: Statement { isOldestFirst ? "ASC" : "DESC" }
}

extension JobStore {
    /// How many jobs of a label are looked at before the list is read by status instead.
    private static let labelScan = 1000

    /// Lists jobs in the order of their ids, without their specs and results.
    ///
    /// - Throws: `PostgresError` with `isOverload` when the time is over.
    public func list(
        _ filter: JobFilter, namespace: String, timeout: Duration = .seconds(5)
    ) async throws -> [Job] {
        if filter.isImpossible { return [] }
        let rows = try await limited(
            """
            SELECT \(raw: Self.jobColumns), NULL::jsonb AS spec, NULL::jsonb AS result, NULL::bigint AS last_event
            FROM (\(Self.page(filter, namespace: namespace))) p JOIN jobs j ON j.id = p.id
            ORDER BY j.id \(filter.direction)
            """, timeout: timeout)
        let columns = JobColumns(rows)
        return try rows.map(columns.decode)
    }

    /// The ids of the page that `list` shows.
    func ids(_ filter: JobFilter, namespace: String, timeout: Duration) async throws -> [UUID] {
        if filter.isImpossible { return [] }
        return try await limited(Self.page(filter, namespace: namespace), timeout: timeout).map { try $0.decode("id") }
    }

    private func limited(_ statement: Statement, timeout: Duration) async throws -> Rows {
        try await database.pipeline([
            "SELECT set_config('statement_timeout', \(String(Int(timeout.seconds * 1000))), true)", statement,
        ])[1]
    }

    /// The ids of a page, in its order.
    ///
    /// Each status is read from one end of its own part of the index `(namespace, status, id)` and the parts are merged, so that
    /// a page costs the same whether one status is asked for or all, and however many jobs there are. With a label its first
    /// jobs are looked at first: a rare label is done with then, and so is one that most of the jobs asked for have. What is left, and
    /// filters by type or worker, are tried on each row on the way: where they match rarely, the way is long.
    private static func page(_ filter: JobFilter, namespace: String) -> Statement {
        let statuses = filter.statusWords
        guard let label = filter.labels.first else {
            return """
                SELECT s.id FROM (\(byStatus(filter, namespace, statuses))) s ORDER BY s.id \(filter.direction) LIMIT \(filter.limit)
                """
        }
        // Sorted by the index and not merged into what reads it: the jobs are tried one by one in this order, until the page is full.
        let labelled: Statement = """
            SELECT job_id FROM job_labels
            WHERE namespace = \(namespace) AND key = \(label.key) AND value = \(label.value) AND \(filter.isAhead("job_id"))
            ORDER BY job_id \(filter.direction) LIMIT \(labelScan)
            """
        let isUnfinished: Statement = """
            AND (SELECT count(*) FROM near) < \(filter.limit) AND (SELECT count(*) FROM (\(labelled)) l) = \(labelScan)
            """
        return """
            WITH near AS MATERIALIZED (
                SELECT l.job_id AS id FROM (\(labelled)) l, LATERAL (
                    SELECT FROM jobs
                    WHERE id = l.job_id AND status = ANY(\(statuses)) \(filter.conditions) OFFSET 0
                ) j
                ORDER BY l.job_id \(filter.direction) LIMIT \(filter.limit)
            )
            SELECT u.id FROM (
                SELECT id FROM near UNION \(byStatus(filter, namespace, statuses, and: isUnfinished))
            ) u ORDER BY u.id \(filter.direction) LIMIT \(filter.limit)
            """
    }

    private static func byStatus(
        _ filter: JobFilter, _ namespace: String, _ statuses: [String], and condition: Statement = ""
    ) -> Statement {
        """
        SELECT f.id FROM unnest(\(statuses)) AS s (status), LATERAL (
            SELECT id FROM jobs
            WHERE namespace = \(namespace) AND status = s.status AND \(filter.isAhead("id"))
                \(filter.conditions) \(condition)
            ORDER BY id \(filter.direction) LIMIT \(filter.limit)
        ) f
        """
    }
}
