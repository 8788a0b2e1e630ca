extension Migrations {
    /// What the archive of a crawl is made of, where its client wants one.
    ///
    /// A capture is written in the transaction that ends its URL, so that the archive has each exchange that the crawl counts, once, however often its
    /// workers die. The records are compressed already.
    static let captureSchema = Migration(
        number: 16, name: "crawl captures",
        sql: """
            CREATE TABLE crawl_captures (
                crawl bigint NOT NULL,
                number bigint NOT NULL,
                records bytea NOT NULL,
                PRIMARY KEY (crawl, number)
            );
            ALTER TABLE crawl_captures ALTER COLUMN records SET STORAGE EXTERNAL;
            """)
}
