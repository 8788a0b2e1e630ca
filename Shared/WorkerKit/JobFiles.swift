import Concurrency
import Config
import Crypto
import Foundation
import Jobs
import Postgres
import Storage

/// The files of one job: what it may read, and what it produces.
public struct JobFiles: Sendable {
    let store: JobStore
    let content: any ArtifactStore
    let roots: [String]
    let namespace: String
    let job: UUID

    /// An uploaded file or artifact of the job's namespace: its record, and its content in this machine's file system.
    ///
    /// - Throws: `JobFailure` `file_not_found`.
    public func file(_ id: UUID) async throws -> (record: FileRecord, content: LocalFile) {
        let record = try await record(of: id)
        return (record, try await found(id) { try await content.file(id) })
    }

    /// An uploaded file or artifact of the job's namespace, to be read from its first byte on: its record, and its content.
    ///
    /// - Throws: `JobFailure` `file_not_found`.
    public func open(_ id: UUID) async throws -> (record: FileRecord, content: any ArtifactReader) {
        let record = try await record(of: id)
        return (record, try await found(id) { try await content.read(id, range: nil) })
    }

    private func record(of id: UUID) async throws -> FileRecord {
        guard let record = try await patiently({ try await store.useFile(id, namespace: namespace) }) else {
            throw Self.notFound(id)
        }
        return record
    }

    private func found<Output: Sendable>(_ id: UUID, _ open: () async throws -> Output) async throws -> Output {
        do { return try await open() } catch let error as StorageError where error.kind == .missing {
            throw Self.notFound(id)
        }
    }

    /// The path that a `file://` URL names, when it lies under one of the operator's roots after all links are followed.
    ///
    /// - Throws: `JobFailure` `file_not_allowed` or `file_not_found`.
    public func path(of url: String) throws -> String {
        guard !roots.isEmpty else {
            throw JobFailure(
                code: "file_not_allowed",
                message: "file:// inputs are switched off; the operator sets SWITCHYARD_FILE_ROOTS.")
        }
        guard let parsed = URL(string: url), parsed.isFileURL, parsed.host == nil || parsed.host == "" else {
            throw JobFailure(code: "file_not_allowed", message: "\(url) is not a file:///path URL.")
        }
        // Both cases get one answer, so that a client cannot feel its way around the disk.
        guard let real = realpath(parsed.path, nil) else { throw Self.notAllowed(url) }
        defer { free(real) }
        let path = String(cString: real)
        guard roots.contains(where: { path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }) else {
            throw Self.notAllowed(url)
        }
        return path
    }

    /// A file that the job has produced.
    public struct Artifact: Sendable {
        let name: String
        let mediaType: String
        let bytes: [UInt8]

        /// Makes an artifact.
        public init(name: String, mediaType: String, bytes: [UInt8]) {
            self.name = name
            self.mediaType = mediaType
            self.bytes = bytes
        }
    }

    /// Stores produced files and answers their records, in order.
    ///
    /// The same job, name and content are one artifact however often it is stored, and other content never replaces it: a stale
    /// attempt can do no harm.
    public func store(_ artifacts: [Artifact]) async throws -> [FileRecord] {
        let records = artifacts.map { artifact in
            let stored = StoredFile(size: artifact.bytes.count, sha256: Hex.encode(sha256(artifact.bytes)))
            // So that the same content is one artifact.
            let id = UUID(name: "\(artifact.name)\n\(stored.sha256)", namespace: job)
            return record(id, of: stored, name: artifact.name, mediaType: artifact.mediaType)
        }
        try await patiently { try await store.expectFiles(records.map(\.id), of: job) }
        // Together: each one waits for the disk.
        try await withThrowingTaskGroup { group in
            for (record, artifact) in zip(records, artifacts) {
                group.addTask {
                    try await content.write(id: record.id, bytes: artifact.bytes, sha256: record.sha256)
                }
            }
            try await group.waitForAll()
        }
        try await patiently { try await store.add(records) }
        return records
    }

    /// Removes files that the job has made and that nothing tells of any more; files of other jobs stay.
    ///
    /// Order of effects, as where old jobs are forgotten: the content goes, then the records. A death between the two leaves records of
    /// what is gone, which go with their job.
    public func remove(_ ids: [UUID]) async throws {
        guard !ids.isEmpty else { return }
        let own = try await patiently { try await store.files(ids, madeBy: job) }
        for id in own { _ = try await content.remove(id) }
        try await patiently { try await store.deleteFiles(own, madeBy: job) }
    }

    func record(_ id: UUID, of stored: StoredFile, name: String, mediaType: String) -> FileRecord {
        FileRecord(
            id: id, namespace: namespace, job: job, name: name, mediaType: mediaType, size: Int64(stored.size),
            sha256: stored.sha256)
    }

    /// A database that is away for a while costs the job time, not an attempt; a job that is asked to end does not wait.
    func patiently<Output: Sendable>(_ operation: () async throws -> Output) async throws -> Output {
        try await Backoff(base: .milliseconds(50), cap: .seconds(2)).retry(
            while: { ($0 as? PostgresError).map { $0.isTransient || $0.isOverload } ?? false }
        ) { try await operation() }
    }

    private static func notFound(_ id: UUID) -> JobFailure {
        JobFailure(code: "file_not_found", message: "There is no file \(id.text) in this namespace.")
    }

    private static func notAllowed(_ url: String) -> JobFailure {
        JobFailure(code: "file_not_allowed", message: "\(url) does not exist under SWITCHYARD_FILE_ROOTS.")
    }
}
