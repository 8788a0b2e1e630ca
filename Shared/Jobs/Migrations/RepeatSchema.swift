extension Migrations {
    /// Jobs that go on where another one failed.
    ///
    /// A job has at most one such successor: however often and at however many gateways a retry is asked for, it is one job.
    static let repeatSchema = Migration(
        number: 2, name: "repeat",
        sql: """
            ALTER TABLE jobs ADD COLUMN retry_of uuid;
            CREATE UNIQUE INDEX jobs_retry ON jobs (retry_of) WHERE retry_of IS NOT NULL;
            """)
}
