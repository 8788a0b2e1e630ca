import Crypto
import Foundation
import Jobs
import Postgres
import Storage

/// An artifact that a job produces piece by piece. End it with `finish` or `discard`; one task at a time may use it.
public struct ArtifactWriter: Sendable {
    let files: JobFiles
    let id: UUID
    let name: String
    let mediaType: String
    let pending: any PendingArtifact

    /// Adds bytes at the end; waits while the store is slower than the job.
    public func append(_ bytes: [UInt8]) async throws(StorageError) { try await pending.append(bytes) }

    /// Makes the content durable and answers its record, which is not written: see `JobFiles.adding`.
    ///
    /// A death before the record is written leaves content that no row names; the next attempt removes it (`JobContext.clearArtifacts`), or the
    /// gateway some time after the job's end.
    public func finish() async throws(StorageError) -> FileRecord {
        let stored = try await pending.commit()
        return files.record(id, of: stored, name: name, mediaType: mediaType)
    }

    /// Removes what was written; after `finish` it does nothing.
    public func discard() async { await pending.discard() }
}

extension JobFiles {
    /// Begins an artifact that is produced piece by piece, of any size.
    public func begin(name: String, mediaType: String) async throws -> ArtifactWriter {
        let id = UUIDv7.generate()
        try await patiently { try await store.expectFiles([id], of: job) }
        return ArtifactWriter(
            files: self, id: id, name: name, mediaType: mediaType, pending: try await content.begin(id, limit: .max))
    }

    /// Writes the rows of finished artifacts, within a transaction of the worker's own (`JobContext.transaction` or `write`), all or none.
    public func adding(_ records: [FileRecord]) -> Statement { JobStore.adding(records) }

    /// Removes those of finished artifacts whose rows are not written, and will not be.
    public func removeUnnamed(_ ids: [UUID]) async throws {
        // The rows may be there although the answer to writing them was lost.
        for id in try await patiently({ try await store.pendingFiles(ids) }) { _ = try await content.remove(id) }
    }
}

extension JobContext {
    /// Removes every artifact that the job has made in attempts before this one.
    ///
    /// The rows go first, while the attempt owns the job: a stale one finds that it does not.
    public func clearArtifacts() async throws {
        let ids = try await transaction { [job] session in
            try session.query(JobStore.deletingFiles(madeBy: job)).map { try $0.decode("id", as: UUID.self) }
        }
        for id in ids { _ = try await files.content.remove(id) }
    }
}
