import Crypto
import Foundation
import Storage

/// Files in a bucket, at `prefix/ab/<id>`, where `ab` are the last two digits of the id, as in a `FileStore`.
///
/// The id of new content may be known only at its end, and a multipart upload must name its key at its beginning. So content that is larger
/// than a part goes up under a name of its own. Order of effects:
/// 1. the parts go to `prefix/tmp/<uuid>`: a death leaves an upload, which no list of objects shows;
/// 2. the upload is completed: a death leaves an object below `prefix/tmp`, which no id leads to;
/// 3. the store copies it to its place, whole or not at all: the content is visible and durable;
/// 4. the object below `prefix/tmp` is deleted: a death before that leaves it.
///
/// `sweep` removes what was left below `prefix/tmp` more than a day ago. Content that fits into a part is put at its place at once.
public struct S3Store: ArtifactStore {
    /// What a store copies in one request.
    private static let maxCopy = 5 << 30
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
        try S3Request.check(key: self.prefix + "tmp")
    }

    private func key(of id: UUID) -> String { "\(prefix)\(id.text.suffix(2))/\(id.text)" }

    /// Begins content in memory, and in the bucket as soon as it is larger than a part.
    public func begin(limit: Int, sha256: String?) async throws(StorageError) -> any PendingArtifact {
        let limit = min(limit, Self.maxCopy)
        let temporary = "\(prefix)tmp/\(UUIDv7.generate().text)"
        do throws(S3Error) {
            let upload = try S3Upload(
                client, bucket: bucket, key: temporary, contentType: "application/octet-stream", limit: limit,
                sha256: sha256)
            return PendingObject(
                client: client, bucket: bucket, temporary: temporary, upload: upload, limit: limit, key: key)
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
        try await scratch.copy(try await read(id, range: nil), limit: Self.maxCopy)
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

    /// Removes uploads and objects that processes that were killed left more than a day ago, and such copies on this machine.
    public func sweep() async throws(StorageError) {
        try await sweep(before: Date(timeIntervalSinceNow: -Self.abandonedAfter))
    }

    func sweep(before date: Date) async throws(StorageError) {
        try await scratch.sweep()
        do throws(S3Error) {
            let temporary = prefix + "tmp/"
            try await client.abortUploads(bucket: bucket, prefix: temporary, before: date)
            var token: String?
            repeat {
                let page = try await client.list(bucket: bucket, prefix: temporary, token: token)
                for object in page.objects where (object.modified ?? .distantFuture) < date {
                    try await client.delete(bucket: bucket, key: object.key)
                }
                token = page.next
            } while token != nil
        } catch {
            throw StorageError(error)
        }
    }
}

/// Content on its way into a bucket.
private actor PendingObject: PendingArtifact {
    private let client: S3Client
    private let bucket: String
    private let temporary: String
    private let upload: S3Upload
    private let limit: Int
    private let key: @Sendable (UUID) -> String
    private var hasTemporaryObject = false

    init(
        client: S3Client, bucket: String, temporary: String, upload: S3Upload, limit: Int,
        key: @escaping @Sendable (UUID) -> String
    ) {
        (self.client, self.bucket, self.temporary, self.upload, self.limit, self.key) =
            (client, bucket, temporary, upload, limit, key)
    }

    func append(_ bytes: [UInt8]) async throws(StorageError) {
        do throws(S3Error) { try await upload.append(bytes) } catch {
            throw error.code == .tooLarge ? .tooLarge(limit: limit) : StorageError(error)
        }
    }

    func commit(as id: @Sendable (StoredFile) -> UUID) async throws(StorageError) -> StoredFile {
        let stored = await upload.stored
        let key = key(id(stored))
        do throws(S3Error) {
            if let whole = await upload.whole {
                try await client.put(whole, bucket: bucket, key: key)
            } else {
                hasTemporaryObject = true
                try await upload.completeParts()
                try await client.copy(bucket: bucket, from: temporary, to: key)
                try await client.delete(bucket: bucket, key: temporary)
                hasTemporaryObject = false
            }
        } catch {
            throw StorageError(error)
        }
        return stored
    }

    /// What the store cannot be told of now is swept up after a day.
    func discard() async {
        do {
            try await upload.discard()
            if hasTemporaryObject { try await client.delete(bucket: bucket, key: temporary) }
        } catch {}
        hasTemporaryObject = false
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
