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
        // One at a time, because they would wait for each other in the database, each with one of the worker's few connections.
        let isOwner = try await writing.run {
            try await files.patiently { try await files.store.write(statements, under: running.fence) }
        }
        guard isOwner else {
            running.stop(.superseded)
            throw Superseded()
        }
    }
}
