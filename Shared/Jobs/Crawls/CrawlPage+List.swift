import Postgres

/// Which of a crawl's pages a list shows.
public struct CrawlPageFilter: Sendable {
    /// Only those of this host: its name, with its port where that is not the scheme's own.
    public var host: String?
    /// Whether pages are left out whose main text an earlier one has, or nearly.
    public var leavesOutDuplicates = false
    /// Goes on after this one.
    public var after: Int64 = 0
    /// The most that are answered.
    public var limit: Int

    /// All pages, from the first.
    public init(limit: Int) { self.limit = limit }
}

extension Crawl {
    /// A page of the crawl's pages, in the order of discovery: as many as are asked for, or fewer where their texts would be too much for one
    /// answer (`JobStore.maxTextBytes`).
    ///
    /// Duplicates are looked at and left out, without an index of their own: a crawl stores few for each page that is none (see `TrapLedger`).
    public func pages(_ filter: CrawlPageFilter, in store: JobStore) async throws -> (pages: [CrawlPage], hasMore: Bool)
    {
        let rows: Statement
        if let host = filter.host?.lowercased() {
            rows = """
                SELECT p.* FROM crawl_hosts h, LATERAL (
                    SELECT * FROM crawl_pages WHERE host_id = h.id AND \(filter.condition)
                ) p
                WHERE h.crawl = \(number) AND h.origin IN (\("http://" + host), \("https://" + host))
                ORDER BY p.number LIMIT \(filter.limit + 1)
                """
        } else {
            rows = "SELECT * FROM crawl_pages WHERE crawl = \(number) AND \(filter.condition)"
        }
        let (found, hasMore) = try await store.cut(rows, size: "text_bytes", limit: filter.limit)
        return (try found.map(CrawlPage.init(row:)), hasMore)
    }
}

extension CrawlPageFilter {
    fileprivate var condition: Statement {
        """
        number > \(after) \(leavesOutDuplicates ? "AND duplicate_of IS NULL" : "" as Statement)
        ORDER BY number LIMIT \(limit + 1)
        """
    }
}
