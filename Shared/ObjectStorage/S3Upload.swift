import Crypto
import Foundation
import Storage

/// An object on its way up, part by part; used by one task at a time. Nothing is visible before `complete`.
///
/// A part is sent as soon as it is full, and two at a time: whoever writes faster waits. What fits into one part is put as a whole, without
/// a multipart upload. A death in between leaves an upload, which `S3Client.uploads` lists; one that was begun twice, for an answer was lost, is ended.
public actor S3Upload {
    private static let inFlight = 2

    private let client: S3Client
    private let bucket: String
    private let key: String
    private let contentType: String
    let limit: Int

    private var buffer: [UInt8] = []
    private var size = 0
    private var hasher = SHA256Hasher()
    private var knownDigest: String?
    private var id: String?
    /// Whether the store may have an upload whose id is not known, since its answer was lost.
    private var mayHaveTwin = false
    private var tags: [String] = []
    private var sending: [Task<String, any Error>] = []

    /// - Parameter sha256: the content's digest when it is known, which saves computing it.
    init(
        _ client: S3Client, bucket: String, key: String, contentType: String, limit: Int, sha256: String? = nil
    ) throws(S3Error) {
        try S3Request.check(bucket: bucket)
        try S3Request.check(key: key)
        (self.client, self.bucket, self.key, self.contentType) = (client, bucket, key, contentType)
        self.limit = min(limit, client.settings.partSize * S3Client.maxParts)
        knownDigest = sha256
    }

    deinit { for task in sending { task.cancel() } }

    /// Adds bytes at the end; waits while the store is slower than its writer.
    public func append(_ bytes: [UInt8]) async throws(S3Error) {
        guard bytes.count <= limit - size else { throw S3Error(.tooLarge, "the content has more than \(limit) bytes") }
        if knownDigest == nil { hasher.update(bytes) }
        size += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            // Only a part that is known not to be the last one is sent: the last may be the only one.
            if buffer.count == client.settings.partSize { try await sendPart() }
            let piece = rest.prefix(client.settings.partSize - buffer.count)
            buffer += piece
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Makes the object, in place of what was there.
    public func complete() async throws(S3Error) -> StoredFile {
        if let id {
            try await complete(id)
        } else {
            try await client.put(buffer, bucket: bucket, key: key, contentType: contentType)
        }
        return StoredFile(size: size, sha256: knownDigest ?? Hex.encode(hasher.digest()))
    }

    /// Ends the upload; nothing is left of it. After `complete` it does nothing.
    ///
    /// - Parameter endsTwins: whether uploads for the key that may be of this one's own lost beginning are ended, too; they may also be somebody else's.
    /// - Throws: `S3Error` when the store could not be told: the upload is there then.
    public func discard(endsTwins: Bool = true) async throws(S3Error) {
        for task in sending { task.cancel() }
        // What is still being sent would come after the end and stay.
        for task in sending { _ = await task.result }
        (sending, buffer) = ([], [])
        if let id {
            try await client.abortUpload(bucket: bucket, key: key, id: id)
            self.id = nil
        }
        if endsTwins { try await abortTwins() }
    }

    /// Ends what the store has begun for this key and could not tell of.
    private func abortTwins() async throws(S3Error) {
        guard mayHaveTwin else { return }
        for upload in try await client.uploads(bucket: bucket, prefix: key) where upload.key == key && upload.id != id {
            try await client.abortUpload(bucket: bucket, key: key, id: upload.id)
        }
        mayHaveTwin = false
    }

    private func complete(_ id: String) async throws(S3Error) {
        if !buffer.isEmpty { try await sendPart() }
        while !sending.isEmpty { try await takeOldest() }
        do throws(S3Error) { try await abortTwins() } catch {
            // Keys that may not list can store objects all the same.
            guard error.code == .denied else { throw error }
        }
        try await client.completeUpload(bucket: bucket, key: key, id: id, tags: tags, size: size)
        self.id = nil
    }

    private func sendPart() async throws(S3Error) {
        if sending.count == Self.inFlight { try await takeOldest() }
        let id = if let id { id } else { try await begin() }
        let (client, bucket, key, bytes, number) = (client, bucket, key, buffer, tags.count + sending.count + 1)
        buffer = []
        sending.append(Task { try await client.uploadPart(number, bytes, bucket: bucket, key: key, id: id) })
    }

    private func begin() async throws(S3Error) -> String {
        // Also where no answer comes at all.
        mayHaveTwin = true
        let (id, mayHaveTwin) = try await client.createUpload(bucket: bucket, key: key, contentType: contentType)
        (self.id, self.mayHaveTwin) = (id, mayHaveTwin)
        return id
    }

    private func takeOldest() async throws(S3Error) {
        let task = sending[0]
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        switch result {
        case .success(let tag):
            tags.append(tag)
            sending.removeFirst()
        case .failure(let error as S3Error): throw error
        case .failure(let error): throw S3Error(.cancelled, "\(error)")
        }
    }
}

extension S3Client {
    /// Begins an object of any size in a bucket. End it with `complete` or `discard`.
    public func begin(
        bucket: String, key: String, contentType: String = "application/octet-stream"
    ) throws(S3Error) -> S3Upload {
        try S3Upload(self, bucket: bucket, key: key, contentType: contentType, limit: .max)
    }
}
