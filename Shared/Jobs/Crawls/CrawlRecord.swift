import Foundation
import Postgres

/// How a URL of the frontier ended.
public enum FrontierEnd: String, Sendable, PostgresScalar {
    /// A page was fetched.
    case page
    /// A list of URLs was read.
    case sitemap
    /// It leads elsewhere.
    case redirect
    /// It could not be fetched or read.
    case failed
    /// A rule left it out.
    case skipped
}

/// What became of one URL: its end, the page that it gave, and the URLs that were found on it.
public struct CrawlRecord: Sendable {
    /// By what it is known in its crawl.
    public let key: UUID
    /// Its place in the crawl's order of discovery.
    public let number: Int64
    /// How it ended; nil when it is to be tried once more.
    public let end: FrontierEnd?
    /// Why, in a word, where the end alone does not say.
    public var reason: String?
    /// The status code of the answer.
    public var status: Int16?
    /// How often it was tried in vain.
    public var tries: Int16
    /// Where a redirect leads.
    public var location: String?
    /// What the server said about the version.
    public var validators: FrontierURL.Validators?
    /// Bytes of the body.
    public var bytes = 0
    /// Its kind of URL, if it is to be counted as one of those.
    public var template: Int64?
    /// Whether its content was new.
    public var isFresh = false
    /// The page that is stored.
    public var page: CrawlPage?
    /// What was found on it.
    public var found: [FoundURL] = []
    /// The exchange as an archive keeps it, ready to be written into one; nil where none is made.
    public var capture: [UInt8]?

    /// Makes a record.
    public init(_ url: FrontierURL, _ end: FrontierEnd?, reason: String? = nil) {
        (key, number) = (url.key, url.id)
        self.end = end
        self.reason = reason
        tries = url.tries
    }
}

extension Crawl {
    /// Adds URLs that nobody has found yet; answers what is counted now.
    @discardableResult
    public func add(_ found: [FoundURL], _ session: Session) throws -> CrawlCounts {
        var counts = try lock(session)
        guard !found.isEmpty else { return counts }
        counts.discovered += try insert(found, session)
        return counts
    }

    /// Writes what became of URLs, all together or nothing; answers what is counted now.
    ///
    /// Safe to repeat: a URL ends once, and only what ends is counted. A record whose URL has ended already changes nothing, but for the URLs
    /// that were found on it.
    ///
    /// - Parameters:
    ///   - owner: the share that owns the URLs' hosts.
    ///   - maxPages: how many pages the crawl may store; those beyond it go on waiting.
    /// - Returns: what is counted, and whether the limit kept pages out.
    public func write(_ records: [CrawlRecord], maxPages: Int, _ session: Session) throws -> (
        counts: CrawlCounts, isFull: Bool
    ) {
        let before = try lock(session)
        var room = max(0, maxPages - before.pages)
        let taken = records.filter { record in
            guard record.page != nil else { return true }
            room -= 1
            return room >= 0
        }
        _ = try insert(taken.flatMap(\.found), session)
        let pages = taken.compactMap(\.page)
        if !pages.isEmpty { _ = try session.query(insertion(of: pages)) }
        let captured = taken.filter { $0.end != nil && $0.capture != nil }
        if !captured.isEmpty { _ = try session.query(insertion(ofCaptures: captured)) }
        try finish(taken, session)
        return (try lock(session), taken.count < records.count)
    }

    private func insert(_ found: [FoundURL], _ session: Session) throws -> Int {
        guard !found.isEmpty else { return 0 }
        let rows = try session.pipeline([
            """
            INSERT INTO crawl_hosts (crawl, origin) SELECT \(number), origin
            FROM (SELECT DISTINCT unnest(\(found.map(\.origin))) AS origin) f
            WHERE NOT EXISTS (SELECT 1 FROM crawl_hosts h WHERE h.crawl = \(number) AND h.origin = f.origin)
            ON CONFLICT DO NOTHING
            """,
            """
            WITH found AS (
                SELECT * FROM unnest(\(found.map { FoundURL.key(of: $0.url) }), \(found.map(\.url)), \(found.map(\.origin)),
                    \(found.map(\.kind)), \(found.map(\.depth)), \(found.map(\.hops)), \(found.map(\.referrer)))
                    WITH ORDINALITY AS f (key, url, origin, kind, depth, hops, referrer, n)
            ), added AS (
                INSERT INTO crawl_urls (crawl, key, host_id, url, kind, depth, hops, referrer)
                SELECT \(number), f.key, h.id, f.url, f.kind, f.depth, f.hops, f.referrer
                FROM found f JOIN crawl_hosts h ON h.crawl = \(number) AND h.origin = f.origin
                ORDER BY f.n
                ON CONFLICT (crawl, key) DO NOTHING
                RETURNING host_id
            ), hosts AS (
                UPDATE crawl_hosts h SET waiting = h.waiting + a.n, is_open = true
                FROM (SELECT host_id, count(*) AS n FROM added GROUP BY host_id) a WHERE h.id = a.host_id
            )
            UPDATE crawls SET discovered = discovered + a.n FROM (SELECT count(*) AS n FROM added) a
            WHERE number = \(number) AND a.n > 0 RETURNING a.n
            """,
        ])
        return Int(try rows[1].first?.decode("n", as: Int64.self) ?? 0)
    }

    private func finish(_ records: [CrawlRecord], _ session: Session) throws {
        let ended = records.filter { $0.end != nil }
        let tried = records.filter { $0.end == nil }
        if !tried.isEmpty {
            _ = try session.query(
                """
                UPDATE crawl_urls u SET tries = f.tries
                FROM unnest(\(tried.map(\.key)), \(tried.map(\.tries))) AS f (key, tries)
                WHERE u.crawl = \(number) AND u.key = f.key AND u.state = 'waiting'
                """)
        }
        guard !ended.isEmpty else { return }
        _ = try session.query(
            """
            WITH ended AS (
                UPDATE crawl_urls u SET state = f.state, reason = f.reason, status = f.status, tries = f.tries, location = f.location,
                    etag = f.etag, last_modified = f.last_modified, fetched_at = now()
                FROM unnest(\(ended.map(\.key)), \(ended.map { $0.end?.rawValue }), \(ended.map(\.reason)), \(ended.map(\.status)),
                    \(ended.map(\.tries)), \(ended.map { $0.location?.replacingNUL }),
                    \(ended.map { $0.validators?.etag?.replacingNUL }), \(ended.map { $0.validators?.lastModified?.replacingNUL }),
                    \(ended.map { Int64($0.bytes) }), \(ended.map(\.template)), \(ended.map(\.isFresh)), \(ended.map { $0.page != nil }))
                    AS f (key, state, reason, status, tries, location, etag, last_modified, bytes, template, is_fresh, has_page)
                WHERE u.crawl = \(number) AND u.key = f.key AND u.state = 'waiting'
                RETURNING u.host_id, f.state, f.bytes, f.template, f.is_fresh, f.has_page
            ), hosts AS (
                UPDATE crawl_hosts h SET waiting = h.waiting - e.n, is_open = h.waiting - e.n > 0
                FROM (SELECT host_id, count(*) AS n FROM ended GROUP BY host_id) e WHERE h.id = e.host_id
            ), templates AS (
                INSERT INTO crawl_templates AS t (host_id, template, fetched, fresh)
                SELECT host_id, template, count(*), count(*) FILTER (WHERE is_fresh) FROM ended WHERE template IS NOT NULL
                GROUP BY host_id, template
                ON CONFLICT (host_id, template) DO UPDATE SET fetched = t.fetched + excluded.fetched, fresh = t.fresh + excluded.fresh
            )
            UPDATE crawls c SET finished = c.finished + e.n, pages = c.pages + e.pages, failed = c.failed + e.failed,
                skipped = c.skipped + e.skipped, bytes = c.bytes + e.bytes
            FROM (
                SELECT count(*) AS n, count(*) FILTER (WHERE has_page) AS pages, count(*) FILTER (WHERE state = 'failed') AS failed,
                    count(*) FILTER (WHERE state = 'skipped') AS skipped, coalesce(sum(bytes), 0)::bigint AS bytes FROM ended
            ) e
            WHERE number = \(number)
            """)
    }
}
