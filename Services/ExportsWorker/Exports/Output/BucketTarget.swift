import HTTPClient
import Jobs
import ObjectStorage
import WorkerKit

/// A bucket. An object appears as a whole when its upload is completed, under a key that another attempt gives it, too.
///
/// Order of effects where an earlier export has left its files: its manifest goes before the first object is completed, for it tells of what is being
/// replaced; the new manifest comes after the last one; then parts go that it does not name. So a set of files with a manifest is whole at any time.
struct BucketTarget: ExportTarget {
    private struct File: ExportFile {
        let upload: S3Upload
        let uri: String
        let earlier: EarlierManifest
        let context: JobContext

        func append(_ bytes: [UInt8]) async throws { try await upload.append(bytes) }
        func finish() async throws -> StoredExport {
            // A stale attempt must not replace what a newer one has written.
            try await context.transaction { _ in }
            try await earlier.remove()
            let stored = try await upload.complete()
            return StoredExport(record: nil, uri: uri, size: Int64(stored.size), sha256: stored.sha256)
        }
        func discard() async throws { try await upload.discard() }
    }

    private let place: BucketPlace
    private let client: S3Client
    private let context: JobContext
    private let names: ExportNames
    private let earlier: EarlierManifest

    init(_ place: BucketPlace, names: ExportNames, web: WebClient, _ context: JobContext) throws(JobFailure) {
        (self.place, self.names, self.context) = (place, names, context)
        client = try place.client(web)
        earlier = EarlierManifest(
            client: client, bucket: place.bucket, key: place.key + names.manifest, context: context)
    }

    /// An attempt before this one may have died with uploads under way. Others' uploads stay, whatever their keys begin with.
    func clear() async throws {
        guard context.attempt > 1 else { return }
        for upload in try await client.uploads(bucket: place.bucket, prefix: place.key)
        where names.areOwn(upload.key.dropFirst(place.key.count)) {
            try await client.abortUpload(bucket: place.bucket, key: upload.key, id: upload.id)
        }
    }

    func begin(name: String, mediaType: String) async throws -> any ExportFile {
        let key = place.key + name
        return File(
            upload: try client.begin(bucket: place.bucket, key: key, contentType: mediaType), uri: place.uri(key),
            earlier: earlier, context: context)
    }

    func publish(_ files: [StoredExport]) async throws {
        try await context.transaction { _ in }
        do throws(S3Error) {
            try await removeParts(but: Set(files.map(\.uri)))
        } catch {
            guard error.code != .cancelled else { throw error }
            // The export is whole, and its manifest does not name them.
            context.log(.warning, "parts of an earlier export may be left: \(error)")
        }
    }

    /// Parts of an earlier export that was longer, or of an attempt that died.
    private func removeParts(but kept: Set<String>) async throws(S3Error) {
        for base in names.bases {
            var token: String?
            repeat {
                let page = try await client.list(bucket: place.bucket, prefix: place.key + base, token: token)
                for object in page.objects
                where names.isFile(object.key.dropFirst(place.key.count)) && !kept.contains(place.uri(object.key)) {
                    try await client.delete(bucket: place.bucket, key: object.key)
                }
                token = page.next
            } while token != nil
        }
    }

    func remove(_ files: [StoredExport]) async throws {
        guard !files.isEmpty else { return }
        try await context.transaction { _ in }
        for file in files {
            try await client.delete(bucket: place.bucket, key: String(file.uri.dropFirst(place.uri("").count)))
        }
    }
}

/// The manifest that an earlier export has left under the same key.
private actor EarlierManifest {
    private let client: S3Client
    private let bucket: String
    private let key: String
    private let context: JobContext
    private var isGone = false

    init(client: S3Client, bucket: String, key: String, context: JobContext) {
        (self.client, self.bucket, self.key, self.context) = (client, bucket, key, context)
    }

    /// Removes it, once.
    func remove() async throws(S3Error) {
        guard !isGone else { return }
        do throws(S3Error) {
            try await client.delete(bucket: bucket, key: key)
        } catch {
            // Keys that may only write are good keys; a reader can tell by the digests.
            guard error.code == .denied else { throw error }
            context.log(.warning, "an earlier manifest may stay until the new one is written: \(error)")
        }
        isGone = true
    }
}
