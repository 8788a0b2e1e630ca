import Postgres

extension JobStore {
    /// Runs statements of a worker's own in one transaction, when its attempt owns the job.
    ///
    /// - Parameter statements: safe to repeat, since it may not be known whether a first call was committed.
    /// - Returns: false when another attempt owns the job, or it has ended.
    public func write(_ statements: [Statement], under fence: Fence) async throws -> Bool {
        try await transaction(under: fence) { _ = try $0.pipeline(statements) } != nil
    }

    /// Does work of a worker's own in one transaction, when its attempt owns the job.
    ///
    /// The job's row stays locked until the commit: nobody takes the job away in between, and of a worker that has lost it nothing is
    /// written. Its heartbeat waits meanwhile, so a transaction should take a small part of a second. No other row of `jobs` may be
    /// written here: two such transactions that meet in two orders would be a deadlock.
    ///
    /// - Parameter body: safe to repeat, since it may not be known whether a first call was committed.
    /// - Returns: nil when another attempt owns the job, or it has ended.
    public func transaction<Output: Sendable>(
        under fence: Fence, _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output? {
        try await database.transaction { session in
            let owned = try session.query(
                """
                SELECT id FROM jobs WHERE id = \(fence.job) AND attempt = \(fence.attempt) AND status = ANY(\(RecordBatch.running))
                FOR NO KEY UPDATE
                """)
            return owned.isEmpty ? nil : try body(session)
        }
    }
}
