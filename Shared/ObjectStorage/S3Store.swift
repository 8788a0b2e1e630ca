import Crypto
import Foundation
import Storage

/// Files in a bucket, at `prefix/ab/<id>`, where `ab` are the last two digits of the id, as in a `FileStore`.
///
/// Content that fits into a part is put at its place; larger content goes up in parts, which nobody sees before the upload is completed. A death in
/// between leaves an upload, which `sweep` ends when it is more than a day old and its job does not go on.
public struct S3Store: ArtifactStore {
    private static let abandonedAfter: TimeInterval = 86_400

    private let client: S3Client
    private let bucket: String
    private let prefix: String
    private let scratch: FileStore

    /// Names the place; nothing connects yet.
    ///
    /// - Parameters:
    ///   - prefix: what comes before every key, such as `switchyard/`; may be empty.
    ///   - scratch: for copies of what has to be a file on this machine.
    public init(_ client: S3Client, bucket: String, prefix: String, scratch: FileStore) throws(S3Error) {
        try S3Request.check(bucket: bucket)
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        self.scratch = scratch
        try S3Request.check(key: self.prefix + "ab")
    }

    private func key(of id: UUID) -> String { "\(prefix)\(id.text.suffix(2))/\(id.text)" }

    /// Begins content in memory, and in the bucket as soon as it is larger than a part.
    public func begin(_ id: UUID, limit: Int, sha256: String?) async throws(StorageError) -> any PendingArtifact {
        do throws(S3Error) {
            let upload = try S3Upload(
                client, bucket: bucket, key: key(of: id), contentType: "application/octet-stream", limit: limit,
                sha256: sha256)
            return PendingObject(upload: upload)
        } catch {
            throw StorageError(error)
        }
    }

    /// Opens an object for reading.
    public func read(_ id: UUID, range: Range<Int>?) async throws(StorageError) -> any ArtifactReader {
        do throws(S3Error) {
            return ObjectReader(download: try await client.get(bucket: bucket, key: key(of: id), range: range))
        } catch {
            throw StorageError(error)
        }
    }

    /// Fetches an object into a file of this machine, which goes with the answer.
    public func file(_ id: UUID) async throws(StorageError) -> LocalFile {
        try await scratch.copy(try await read(id, range: nil), limit: .max)
    }

    /// None: objects are elsewhere.
    public func localPath(of id: UUID) -> String? { nil }

    /// Removes what is stored under an id, and tells whether there was anything.
    @discardableResult
    public func remove(_ id: UUID) async throws(StorageError) -> Bool {
        do throws(S3Error) {
            // Deleting does not tell.
            guard try await client.head(bucket: bucket, key: key(of: id)) != nil else { return false }
            try await client.delete(bucket: bucket, key: key(of: id))
            return true
        } catch {
            throw StorageError(error)
        }
    }

    /// Ends uploads that processes that were killed left more than a day ago, and removes such copies on this machine. A store tells when an upload was
    /// begun and not whether it goes on, which may be for days.
    public func sweep(sparing needed: @Sendable ([UUID]) async throws -> Set<UUID>) async throws {
        try await scratch.sweep()
        let old = try await oldUploads()
        let spared = old.isEmpty ? [] : try await needed(old.map(\.id))
        for (id, upload) in old where !spared.contains(id) {
            do throws(S3Error) {
                try await client.abortUpload(bucket: bucket, key: upload.key, id: upload.id)
            } catch { throw StorageError(error) }
        }
    }

    private func oldUploads() async throws(StorageError) -> [(id: UUID, upload: S3UploadRecord)] {
        let date = Date(timeIntervalSinceNow: -Self.abandonedAfter)
        do throws(S3Error) {
            return try await client.uploads(bucket: bucket, prefix: prefix).compactMap { upload in
                guard let id = ownID(upload.key), (upload.begun ?? .distantFuture) < date else { return nil }
                return (id, upload)
            }
        } catch {
            throw StorageError(error)
        }
    }

    /// Others may use the bucket, too, where the prefix is empty or that of theirs.
    private func ownID(_ key: String) -> UUID? {
        UUID(text: String(key.suffix(36))).flatMap { key == self.key(of: $0) ? $0 : nil }
    }
}

/// Content on its way into a bucket.
private struct PendingObject: PendingArtifact {
    let upload: S3Upload

    func append(_ bytes: [UInt8]) async throws(StorageError) {
        do throws(S3Error) { try await upload.append(bytes) } catch {
            throw error.code == .tooLarge ? .tooLarge(limit: upload.limit) : StorageError(error)
        }
    }

    func commit() async throws(StorageError) -> StoredFile {
        do throws(S3Error) { return try await upload.complete() } catch { throw StorageError(error) }
    }

    /// What the store cannot be told of now is swept up after a day.
    func discard() async {
        do { try await upload.discard() } catch {}
    }
}

/// An object that is read as an artifact.
private struct ObjectReader: ArtifactReader {
    let download: S3Download

    var size: Int { download.size }

    func next() async throws(StorageError) -> [UInt8]? {
        do throws(S3Error) { return try await download.next() } catch { throw StorageError(error) }
    }
}
