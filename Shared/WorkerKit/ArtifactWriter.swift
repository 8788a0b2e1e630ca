import Crypto
import Foundation
import Jobs
import Postgres
import Storage

/// An artifact that a job produces piece by piece. End it with `finish` or `discard`; one task at a time may use it.
public struct ArtifactWriter: Sendable {
    let files: JobFiles
    let name: String
    let mediaType: String
    let pending: any PendingArtifact

    /// Adds bytes at the end; waits while the store is slower than the job.
    public func append(_ bytes: [UInt8]) async throws(StorageError) { try await pending.append(bytes) }

    /// Makes the content durable and answers its record, which is not written: see `JobFiles.adding`.
    ///
    /// The same job, name and content are one artifact, as with `JobFiles.store`. A death before the record is written leaves content
    /// that no row names; the next attempt puts the same in its place.
    public func finish() async throws(StorageError) -> FileRecord {
        let (files, name, mediaType) = (files, name, mediaType)
        let stored = try await pending.commit { files.record(of: $0, name: name, mediaType: mediaType).id }
        return files.record(of: stored, name: name, mediaType: mediaType)
    }

    /// Removes what was written; after `finish` it does nothing.
    public func discard() async { await pending.discard() }
}

extension JobFiles {
    private static let page = 1000

    /// Begins an artifact that is produced piece by piece, of any size.
    public func begin(name: String, mediaType: String) async throws(StorageError) -> ArtifactWriter {
        ArtifactWriter(files: self, name: name, mediaType: mediaType, pending: try await content.begin(limit: .max))
    }

    /// Writes the rows of finished artifacts, within a transaction of the worker's own (`JobContext.transaction` or `write`), all or none.
    public func adding(_ records: [FileRecord]) -> Statement { JobStore.adding(records) }

    /// Forgets the rows of every artifact that this job has made, within a transaction of the worker's own; answers their ids (`id`).
    public func deletingMade() -> Statement { JobStore.deletingFiles(madeBy: job) }

    /// Removes content whose rows are gone.
    public func removeContent(_ ids: [UUID]) async throws {
        for id in ids { _ = try await content.remove(id) }
    }

    /// Every artifact that this job has made, also in attempts that died, in the order of their ids.
    public func made() async throws -> [FileRecord] {
        var records: [FileRecord] = []
        while true {
            let last = records.last?.id
            let page = try await patiently { try await store.files(madeBy: job, after: last, limit: Self.page) }
            records += page
            guard page.count == Self.page else { return records }
        }
    }

    func record(of stored: StoredFile, name: String, mediaType: String) -> FileRecord {
        FileRecord(
            id: UUID(name: "\(name)\n\(stored.sha256)", namespace: job), namespace: namespace, job: job, name: name,
            mediaType: mediaType, size: Int64(stored.size), sha256: stored.sha256)
    }
}
