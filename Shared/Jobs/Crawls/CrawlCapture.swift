import Postgres

/// What an archive of a crawl holds of one URL: the exchange that ended it.
public struct CrawlCapture: Sendable {
    /// Its place in the crawl's order of discovery.
    public let number: Int64
    /// Records of an archive file, compressed, which may be appended to each other.
    public let records: [UInt8]
}

extension Crawl {
    /// How much is read at once, in bytes, but for a capture that is larger by itself.
    private static let readAtOnce = 4 << 20

    /// Inserts captures; the same again changes nothing.
    func insertion(ofCaptures records: [CrawlRecord]) -> Statement {
        """
        INSERT INTO crawl_captures (crawl, number, records)
        SELECT \(number), f.number, f.records FROM unnest(\(records.map(\.number)), \(records.map(\.capture))) AS f (number, records)
        ON CONFLICT DO NOTHING
        """
    }

    /// The next captures after a number, in the order of discovery: as many as are read at once; none at the end.
    public func captures(after number: Int64, in store: JobStore) async throws -> [CrawlCapture] {
        try await store.database.query(
            """
            SELECT number, records FROM (
                SELECT number, records, sum(octet_length(records)) OVER (ORDER BY number) - octet_length(records) AS before
                FROM (SELECT number, records FROM crawl_captures WHERE crawl = \(self.number) AND number > \(number)
                    ORDER BY number LIMIT 500) next
            ) sized WHERE before < \(Self.readAtOnce) ORDER BY number
            """
        ).map { CrawlCapture(number: try $0.decode("number"), records: try $0.decode("records")) }
    }
}
