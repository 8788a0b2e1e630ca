import Foundation
import JSON
import Postgres

/// What a limit counts together.
public enum LimitScope: String, Sendable, CaseIterable {
    /// The jobs of a type.
    case queue
    /// The jobs of a tenant.
    case namespace
    /// The jobs of a tenant with the same `concurrency_key`.
    case key
}

/// One thing that may have a limit: a queue, a tenant, or a tenant's key.
public struct LimitSubject: Sendable, Hashable {
    /// What kind of thing.
    public let scope: LimitScope
    /// The tenant of a key; empty for the others.
    public let namespace: String
    /// The type, the tenant or the key; `*` in a limit stands for each one that has none of its own.
    public let name: String

    /// The name that stands for every subject without a limit of its own.
    public static let anyName = "*"

    /// Names a subject.
    public init(_ scope: LimitScope, namespace: String = "", name: String) {
        self.scope = scope
        self.namespace = namespace
        self.name = name
    }

    /// The subject whose limit holds where this one has none.
    public var standard: LimitSubject { LimitSubject(scope, namespace: namespace, name: Self.anyName) }

    /// All that a job counts for.
    public static func of(type: String, namespace: String, key: String?) -> [LimitSubject] {
        [LimitSubject(.queue, name: type), LimitSubject(.namespace, name: namespace)]
            + (key.map { [LimitSubject(.key, namespace: namespace, name: $0)] } ?? [])
    }
}

/// How many jobs of a subject may run at once, and how many may start in a time.
public struct Limit: Sendable, Hashable, Representation {
    /// What it holds for.
    public let subject: LimitSubject
    /// The most jobs that run or stand in the broker at once; nil for any number.
    public let maxRunning: Int?
    /// The most starts within `perSeconds`: a bucket of as many tokens, which come back evenly; nil for any number.
    public let maxStarts: Int?
    /// The time of `maxStarts`, in seconds.
    public let perSeconds: Int?

    /// Makes a limit.
    public init(_ subject: LimitSubject, maxRunning: Int? = nil, maxStarts: Int? = nil, perSeconds: Int? = nil) {
        self.subject = subject
        self.maxRunning = maxRunning
        self.maxStarts = maxStarts
        self.perSeconds = perSeconds
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "How many jobs may run at once or start in a time.",
        [
            "scope": Schema.word(LimitScope.allCases.map(\.rawValue)), "subject": Schema.text,
            "namespace": Schema.text.orNull.described("Whose key it is; null for queues and namespaces."),
            "max_running": Schema.count.orNull, "max_starts": Schema.count.orNull, "per_seconds": Schema.count.orNull,
        ])

    /// Appends the limit as operators see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("scope", subject.scope.rawValue)
        json.member("subject", subject.name)
        json.member("namespace", subject.scope == .key ? subject.namespace : String?.none)
        json.member("max_running", maxRunning)
        json.member("max_starts", maxStarts)
        json.member("per_seconds", perSeconds)
        json.endObject()
    }
}

/// How much of a rate has been used: each start moves the time at which the bucket is full again.
public struct LimitBucket: Sendable, Hashable {
    /// Whose bucket it is.
    public let subject: LimitSubject
    /// When all tokens are back.
    public let fullAt: Date

    /// Makes a bucket.
    public init(_ subject: LimitSubject, fullAt: Date) {
        self.subject = subject
        self.fullAt = fullAt
    }
}

/// Jobs that hold places of limits: running, or with their command in the broker.
public struct LimitUse: Sendable, Hashable {
    /// Their type.
    public let type: String
    /// Their tenant.
    public let namespace: String
    /// Their key.
    public let concurrencyKey: String?
    /// How many there are.
    public let count: Int

    /// Makes a use.
    public init(type: String, namespace: String, concurrencyKey: String?, count: Int) {
        self.type = type
        self.namespace = namespace
        self.concurrencyKey = concurrencyKey
        self.count = count
    }
}

extension JobStore {
    /// Sets the limit of a subject, or replaces it.
    public func set(_ limit: Limit, by who: String) async throws {
        _ = try await database.query(
            """
            INSERT INTO limits AS l (scope, namespace, subject, max_running, max_starts, per_seconds, set_by)
            VALUES (\(limit.subject.scope.rawValue), \(limit.subject.namespace), \(limit.subject.name),
                \(limit.maxRunning.map { Int32($0) } as Int32?), \(limit.maxStarts.map { Int32($0) } as Int32?), \(limit.perSeconds.map { Int32($0) } as Int32?), \(who))
            ON CONFLICT (scope, namespace, subject) DO UPDATE SET max_running = excluded.max_running,
                max_starts = excluded.max_starts, per_seconds = excluded.per_seconds, set_by = excluded.set_by, set_at = now()
            """)
    }

    /// Removes the limit of a subject; false when it has none.
    public func removeLimit(_ subject: LimitSubject) async throws -> Bool {
        try await !database.query(
            """
            DELETE FROM limits WHERE scope = \(subject.scope.rawValue) AND namespace = \(subject.namespace)
                AND subject = \(subject.name)
            RETURNING scope
            """
        ).isEmpty
    }

    /// Every limit, in the order of scope and name.
    public func limits() async throws -> [Limit] {
        try await database.query(
            """
            SELECT scope, namespace, subject, max_running, max_starts, per_seconds FROM limits
            ORDER BY scope, namespace, subject
            """
        ).map { row in
            Limit(
                try row.decodeSubject(), maxRunning: try row.decode("max_running", as: Int32?.self).map(Int.init),
                maxStarts: try row.decode("max_starts", as: Int32?.self).map(Int.init),
                perSeconds: try row.decode("per_seconds", as: Int32?.self).map(Int.init))
        }
    }

    /// What the limits count at this moment, and the database's time.
    ///
    /// Running jobs are found by their leases, waiting commands by the index of what is dispatched: both hold only live jobs.
    public func limitUse() async throws -> (uses: [LimitUse], buckets: [LimitBucket], now: Date) {
        let rows = try await database.pipeline([
            """
            SELECT type, namespace, concurrency_key, count(*) AS count FROM (
                SELECT type, namespace, concurrency_key FROM jobs WHERE lease_until IS NOT NULL
                UNION ALL
                SELECT type, namespace, concurrency_key FROM jobs WHERE status = 'queued' AND dispatched_at IS NOT NULL
            ) held GROUP BY type, namespace, concurrency_key
            """,
            "DELETE FROM limit_buckets WHERE full_at <= now()",
            "SELECT scope, namespace, subject, full_at FROM limit_buckets",
            "SELECT now() AS now",
        ])
        let uses = try rows[0].map { row in
            LimitUse(
                type: try row.decode("type"), namespace: try row.decode("namespace"),
                concurrencyKey: try row.decode("concurrency_key"),
                count: Int(try row.decode("count", as: Int64.self)))
        }
        let buckets = try rows[2].map { LimitBucket(try $0.decodeSubject(), fullAt: try $0.decode("full_at")) }
        return (uses, buckets, try rows[3][0].decode("now"))
    }
}

extension Row {
    fileprivate func decodeSubject() throws -> LimitSubject {
        let word = try decode("scope", as: String.self)
        guard let scope = LimitScope(rawValue: word) else { throw UnknownScope(word: word) }
        return LimitSubject(scope, namespace: try decode("namespace"), name: try decode("subject"))
    }
}

/// The database holds a scope that this build does not know.
struct UnknownScope: Error, CustomStringConvertible {
    let word: String
    var description: String { "the database holds the unknown scope \"\(word)\"" }
}
