import Jobs
import Postgres

/// Rows of tables that belong to the type of job.
extension JobContext {
    /// Writes rows of the worker's own, in one transaction within the job's fence; returns when it is committed.
    ///
    /// What a checkpoint tells of is to be written before it is saved: a worker that dies between the two does the work again and writes
    /// the same. So the statements must be safe to repeat: inserts under keys that are derived from the job, which change nothing
    /// where the row is the same. Keep each call to about a megabyte; the job's heartbeat waits for it, and so do other calls.
    ///
    /// - Throws: `Superseded` when another attempt owns the job; nothing of the call was written then.
    public func write(_ statements: [Statement]) async throws {
        try await transaction { _ = try $0.pipeline(statements) }
    }

    /// Does work in one transaction within the job's fence, as `write` does; returns when it is committed.
    ///
    /// - Parameter body: safe to repeat, as it is when it is not known whether a first call was committed.
    /// - Throws: `Superseded` when another attempt owns the job; nothing of the call was written then.
    public func transaction<Output: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output {
        // One at a time, because they would wait for each other in the database, each with one of the worker's few connections.
        let output = try await writing.run {
            try await files.patiently { try await files.store.transaction(under: running.fence, body) }
        }
        guard let output else {
            running.stop(.superseded)
            throw Superseded()
        }
        return output
    }

    /// Reads what the database has; waits for one that is away.
    public func read<Output: Sendable>(_ body: (JobStore) async throws -> Output) async throws -> Output {
        try await files.patiently { try await body(files.store) }
    }
}
