import Foundation
import Postgres

/// What a crawl has counted so far, over all of its shares and attempts.
public struct CrawlCounts: Sendable, Equatable {
    /// URLs that were found and are within the crawl.
    public var discovered = 0
    /// URLs that are done with, however they ended.
    public var finished = 0
    /// Pages that were stored.
    public var pages = 0
    /// URLs that could not be fetched or read.
    public var failed = 0
    /// URLs that were left out by a rule.
    public var skipped = 0
    /// Bytes of the bodies that were received.
    public var bytes = 0
    /// How long its leader has worked at it, over all attempts.
    public var time = Duration.zero

    /// Nothing yet.
    public init() {}
}

/// A crawl, as the worker that has a share in it holds it.
///
/// Order of locks, in every transaction that writes: the job's row (`JobStore.transaction(under:)`), then the crawl's row, then all else. So the writes
/// of the shares of one crawl take turns, none of them can wait for another in a circle, and what one of them counts is exact.
public struct Crawl: Sendable {
    /// Its number, by which its rows are found.
    public let number: Int64
    /// The id of the job that began it.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String

    /// Where the crawl stands.
    public struct State: Sendable, Equatable {
        /// What it has counted.
        public let counts: CrawlCounts
        /// Whether the job that leads it runs, or will again.
        public let isLed: Bool
        /// How many hosts have URLs that wait.
        public let openHosts: Int
        /// How many shares are alive.
        public let shares: Int
        /// The share's own hosts, by their rows, to which it must send nothing for a while: others have reserved that time.
        public let holds: [Int64: Duration]
    }

    /// Finds the crawl of a job, or begins it.
    ///
    /// - Parameters:
    ///   - id: the id of the job that began it, which is the job's own unless it goes on from another one.
    ///   - job: the job that leads it from now on.
    public static func open(id: UUID, namespace: String, leader job: UUID, _ session: Session) throws -> Crawl {
        let rows = try session.query(
            """
            INSERT INTO crawls (id, namespace, job_id) VALUES (\(id), \(namespace), \(job))
            ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id WHERE crawls.namespace = excluded.namespace
            RETURNING number
            """)
        guard let row = rows.first else { throw PostgresError(.usage, "the crawl belongs to another namespace") }
        return Crawl(number: try row.decode("number"), id: id, namespace: namespace)
    }

    /// The crawl that a job of the namespace leads; nil when there is none (yet).
    public static func led(by job: UUID, namespace: String, in store: JobStore) async throws -> Crawl? {
        try await store.database.query(
            "SELECT number, id FROM crawls WHERE job_id = \(job) AND namespace = \(namespace) ORDER BY number DESC LIMIT 1"
        ).first.map { Crawl(number: try $0.decode("number"), id: try $0.decode("id"), namespace: namespace) }
    }

    /// The crawl that a job of the namespace has a place in: its own, or the one that it goes on with; nil when there is none (yet).
    ///
    /// A job that goes on from another one's checkpoint goes on with its crawl, and so on: however often a crawl was gone on with, all of its jobs
    /// have the same. One that ended before its first checkpoint left none to go on from, so that the next began its own.
    public static func of(_ job: UUID, namespace: String, in store: JobStore) async throws -> Crawl? {
        try await store.database.query(
            """
            WITH RECURSIVE line AS (
                SELECT j.resumes, c.number, c.id FROM jobs j LEFT JOIN crawls c ON c.id = j.id
                WHERE j.id = \(job) AND j.namespace = \(namespace)
                UNION ALL
                SELECT j.resumes, c.number, c.id FROM line l JOIN jobs j ON j.id = l.resumes LEFT JOIN crawls c ON c.id = j.id
                WHERE l.number IS NULL
            )
            SELECT number, id FROM line WHERE number IS NOT NULL
            """
        ).first.map { Crawl(number: try $0.decode("number"), id: try $0.decode("id"), namespace: namespace) }
    }

    /// Lets one writer at a time into the crawl, until its transaction ends; answers what is counted so far.
    func lock(_ session: Session) throws -> CrawlCounts {
        let rows = try session.query(
            """
            SELECT discovered, finished, pages, failed, skipped, bytes, seconds FROM crawls WHERE number = \(number)
            FOR NO KEY UPDATE
            """)
        guard let row = rows.first else { throw PostgresError(.usage, "the crawl was forgotten") }
        return try CrawlCounts(row: row)
    }

    /// Says that a share is alive and keeps its hosts, and answers where the crawl stands.
    ///
    /// - Parameters:
    ///   - lease: until when it may keep them, from now on.
    ///   - time: how long the crawl's leader has worked since it last said so.
    public func renew(_ owner: UUID, lease: Duration, adding time: Duration = .zero, _ session: Session) throws -> State
    {
        var counts = try lock(session)
        counts.time += time
        let rows = try session.pipeline([
            """
            INSERT INTO crawl_shares (crawl, owner, seen_until) VALUES (\(number), \(owner), now() + \(lease.seconds) * interval '1 second')
            ON CONFLICT (crawl, owner) DO UPDATE SET seen_until = excluded.seen_until
            """,
            """
            UPDATE crawl_hosts SET owned_until = now() + \(lease.seconds) * interval '1 second' WHERE owner = \(owner) AND crawl = \(number)
            """,
            """
            SELECT (SELECT count(*)::integer FROM crawl_hosts WHERE crawl = \(number) AND is_open) AS open,
                (SELECT count(*)::integer FROM crawl_shares WHERE crawl = \(number) AND seen_until > now()) AS shares,
                EXISTS (SELECT 1 FROM jobs j JOIN crawls c ON c.job_id = j.id
                    WHERE c.number = \(number) AND j.status IN ('scheduled', 'queued', 'running')) AS is_led
            """,
            "UPDATE crawls SET seconds = seconds + \(time.seconds) WHERE number = \(number) AND \(time.seconds) > 0",
            """
            SELECT id, extract(epoch FROM next_at - now())::float8 AS hold FROM crawl_hosts
            WHERE owner = \(owner) AND crawl = \(number) AND next_at > now()
            """,
        ])
        let holds = try rows[4].map { row -> (Int64, Duration) in
            (try row.decode("id"), .seconds(try row.decode("hold", as: Double.self)))
        }
        guard let row = rows[2].first else { throw PostgresError(.decoding, "the state of a crawl has no row") }
        return State(
            counts: counts, isLed: try row.decode("is_led"), openHosts: Int(try row.decode("open", as: Int32.self)),
            shares: Int(try row.decode("shares", as: Int32.self)), holds: Dictionary(uniqueKeysWithValues: holds))
    }

    /// How many pages are stored so far that repeat no other one.
    public func countPages(in store: JobStore) async throws -> Int {
        let rows = try await store.database.query(
            "SELECT count(*) AS n FROM crawl_pages WHERE crawl = \(number) AND duplicate_of IS NULL")
        return try rows[0].decode("n")
    }

    /// How the URLs that are done with have ended: how many for each state and reason.
    public func endings(in store: JobStore) async throws -> [(state: String, reason: String?, count: Int)] {
        try await store.database.query(
            """
            SELECT state, reason, count(*) AS count FROM crawl_urls WHERE crawl = \(number) AND state <> 'waiting'
            GROUP BY state, reason ORDER BY state, reason NULLS FIRST
            """
        ).map {
            (
                state: try $0.decode("state"), reason: try $0.decode("reason"),
                count: Int(try $0.decode("count", as: Int64.self))
            )
        }
    }
}

extension CrawlCounts {
    init(row: Row) throws {
        self.init()
        discovered = Int(try row.decode("discovered", as: Int64.self))
        finished = Int(try row.decode("finished", as: Int64.self))
        pages = Int(try row.decode("pages", as: Int64.self))
        failed = Int(try row.decode("failed", as: Int64.self))
        skipped = Int(try row.decode("skipped", as: Int64.self))
        bytes = Int(try row.decode("bytes", as: Int64.self))
        time = .seconds(try row.decode("seconds", as: Double.self))
    }
}
