import Foundation
import Postgres

/// A host of a crawl that a share owns: nobody else fetches from it.
public struct CrawlHost: Sendable {
    /// Its row.
    public let id: Int64
    /// Scheme, host and port.
    public let origin: String
    /// How long to wait before the first request, because of what its last owner has sent, or was asked by the host.
    public let delay: Duration
    /// The answer to `/robots.txt` that is known.
    public let robots: Robots?

    /// An answer to `/robots.txt`.
    public struct Robots: Sendable {
        /// The status of the answer.
        public let status: Int16
        /// Its body.
        public let body: [UInt8]
        /// How old it is.
        public let age: Duration

        /// Makes it.
        public init(status: Int16, body: [UInt8], age: Duration = .zero) {
            self.status = status
            self.body = body
            self.age = age
        }
    }

    /// How many pages of a kind of URL were fetched, and how many of them had new content.
    public struct TemplateCount: Sendable {
        /// The kind.
        public let template: Int64
        /// Pages that were fetched.
        public let fetched: Int
        /// Those with new content.
        public let fresh: Int
    }
}

extension Crawl {
    /// Takes hosts that have URLs waiting and that nobody owns, in the order of their discovery.
    ///
    /// A host whose owner has died is free when its time is over; that owner begins no request after it. To whoever is late with saying that it
    /// lives, its own hosts are not given anew: it still visits them.
    public func takeHosts(_ owner: UUID, limit: Int, lease: Duration, _ session: Session) throws -> [CrawlHost] {
        _ = try lock(session)
        return try session.query(
            """
            UPDATE crawl_hosts h SET owner = \(owner), owned_until = now() + \(lease.seconds) * interval '1 second'
            FROM (
                SELECT id, owner FROM crawl_hosts WHERE crawl = \(number) AND is_open
                    AND (owner IS NULL OR owned_until < now() AND owner <> \(owner))
                ORDER BY id LIMIT \(limit)
            ) free
            WHERE h.id = free.id
            RETURNING h.id, h.origin, h.robots, h.robots_status, extract(epoch FROM now() - h.robots_at)::float8 AS robots_age,
                greatest(extract(epoch FROM h.next_at - now())::float8, 0) AS delay
            """
        ).map(CrawlHost.init(row:))
    }

    /// Gives hosts back.
    ///
    /// - Parameter hosts: each with how long nobody may send a request to it.
    public func release(_ hosts: [(id: Int64, delay: Duration)], from owner: UUID, _ session: Session) throws {
        _ = try lock(session)
        _ = try session.query(
            """
            UPDATE crawl_hosts h SET owner = NULL, owned_until = NULL,
                next_at = greatest(h.next_at, now() + f.delay * interval '1 second')
            FROM unnest(\(hosts.map(\.id)), \(hosts.map(\.delay.seconds))) AS f (id, delay)
            WHERE h.id = f.id AND h.owner = \(owner)
            """)
    }

    /// Gives everything back that a share owns, and says that it has ended.
    public func leave(_ owner: UUID, delay: Duration, _ session: Session) throws {
        _ = try lock(session)
        _ = try session.pipeline([
            """
            UPDATE crawl_hosts SET owner = NULL, owned_until = NULL,
                next_at = greatest(next_at, now() + \(delay.seconds) * interval '1 second')
            WHERE owner = \(owner) AND crawl = \(number)
            """,
            "DELETE FROM crawl_shares WHERE crawl = \(number) AND owner = \(owner)",
        ])
    }

    /// Finds a time for one request to a host by somebody who does not own it, as where the robots.txt of another one leads to it.
    ///
    /// Nobody else sends a request to the host from then on until the slot is over. Its owner, if it has one, knows that when it next says
    /// that it lives (`renew`), so the time is not before that.
    ///
    /// - Parameters:
    ///   - slot: how long the host is kept for that request.
    ///   - lease: for how long an owner keeps its hosts without saying that it lives.
    /// - Returns: how long to wait before the request is sent.
    public func reserve(_ origin: String, slot: Duration, lease: Duration, _ session: Session) throws -> Duration {
        _ = try lock(session)
        let rows = try session.query(
            """
            INSERT INTO crawl_hosts AS h (crawl, origin, next_at)
            VALUES (\(number), \(origin), now() + \(slot.seconds) * interval '1 second')
            ON CONFLICT (crawl, origin) DO UPDATE SET next_at = greatest(now(), h.next_at,
                CASE WHEN h.owned_until >= now() THEN now() + \(lease.seconds) * interval '1 second' END)
                + \(slot.seconds) * interval '1 second'
            RETURNING extract(epoch FROM next_at - now())::float8 - \(slot.seconds) AS wait
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the time for a request has no row") }
        return .seconds(max(0, try row.decode("wait", as: Double.self)))
    }

    /// Keeps a host's answer to `/robots.txt` for those who own it later.
    public func keep(_ robots: CrawlHost.Robots, of host: Int64, _ session: Session) throws {
        _ = try lock(session)
        _ = try session.query(
            """
            UPDATE crawl_hosts SET robots = \(robots.body), robots_status = \(robots.status), robots_at = now() WHERE id = \(host)
            """)
    }

    /// What was counted of each kind of URL of a host, those with the most pages first.
    public func templates(of host: Int64, limit: Int, in store: JobStore) async throws -> [CrawlHost.TemplateCount] {
        try await store.database.query(
            """
            SELECT template, fetched, fresh FROM crawl_templates WHERE host_id = \(host) ORDER BY fetched DESC LIMIT \(limit)
            """
        ).map {
            CrawlHost.TemplateCount(
                template: try $0.decode("template"), fetched: Int(try $0.decode("fetched", as: Int32.self)),
                fresh: Int(try $0.decode("fresh", as: Int32.self)))
        }
    }

    /// The similarity hashes of a host's newest pages, the oldest of them first.
    public func hashes(of host: Int64, limit: Int, in store: JobStore) async throws -> [(page: Int64, hash: UInt64)] {
        try await store.database.query(
            """
            SELECT number, simhash FROM crawl_pages WHERE host_id = \(host) AND simhash IS NOT NULL ORDER BY number DESC LIMIT \(limit)
            """
        ).reversed().map {
            (try $0.decode("number"), UInt64(bitPattern: try $0.decode("simhash", as: Int64.self)))
        }
    }
}

extension CrawlHost {
    fileprivate init(row: Row) throws {
        let status = try row.decode("robots_status", as: Int16?.self)
        let body = try row.decode("robots", as: [UInt8]?.self)
        let age = try row.decode("robots_age", as: Double?.self)
        var robots: Robots?
        if let status, let body, let age { robots = Robots(status: status, body: body, age: .seconds(age)) }
        self.init(
            id: try row.decode("id"), origin: try row.decode("origin"),
            delay: .seconds(try row.decode("delay", as: Double?.self) ?? 0), robots: robots)
    }
}
