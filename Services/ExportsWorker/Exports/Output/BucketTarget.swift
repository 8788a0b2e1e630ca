import HTTPClient
import JSON
import Jobs
import ObjectStorage
import WorkerKit

/// A bucket. An object appears as a whole when its upload is completed, under a key that another attempt gives it, too.
///
/// Order of effects where an earlier export has left its files: its manifest goes before the first object is completed, for it tells of what is being
/// replaced; the new manifest comes after the last one; then files go that the earlier one has named and the new one does not. So a set of files with a
/// manifest is whole at any time, and what no manifest of ours has named is left alone: names alone do not tell whose an object is.
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
        func discard() async throws {
            // A stale attempt must not end what a newer one has begun under the same key.
            let isCurrent: Bool
            do {
                try await context.transaction { _ in }
                isCurrent = true
            } catch { isCurrent = false }
            try await upload.discard(endsTwins: isCurrent)
        }
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
        do throws(S3Error) {
            for upload in try await client.uploads(bucket: place.bucket, prefix: place.key)
            where names.areOwn(upload.key.dropFirst(place.key.count)) {
                try await client.abortUpload(bucket: place.bucket, key: upload.key, id: upload.id)
            }
        } catch {
            // Keys that may only write are good keys.
            guard error.code == .denied else { throw error }
            context.log(.warning, "uploads of an earlier attempt may be left: \(error)")
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
        let kept = Set(files.map(\.uri))
        do throws(S3Error) {
            for uri in await earlier.files where !kept.contains(uri) && uri.hasPrefix(place.uri(place.key)) {
                try await client.delete(bucket: place.bucket, key: key(of: uri))
            }
        } catch {
            guard error.code != .cancelled else { throw error }
            // The export is whole, and its manifest does not name them.
            context.log(.warning, "files of an earlier export may be left: \(error)")
        }
    }

    private func key(of uri: String) -> String { String(uri.dropFirst(place.uri("").count)) }

    func remove(_ files: [StoredExport]) async throws {
        guard !files.isEmpty else { return }
        try await context.transaction { _ in }
        for file in files {
            try await client.delete(bucket: place.bucket, key: key(of: file.uri))
        }
    }
}

/// The manifest that an earlier export has left under the same key.
private actor EarlierManifest {
    /// The largest that is read, in bytes: of ten thousand files.
    private static let most = 16 << 20

    /// The addresses of the files that it named.
    private(set) var files: [String] = []

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
            files = try await read()
            try await client.delete(bucket: bucket, key: key)
        } catch {
            // Keys that may only write are good keys; a reader can tell by the digests.
            guard error.code == .denied else { throw error }
            context.log(.warning, "an earlier manifest may stay until the new one is written: \(error)")
        }
        isGone = true
    }

    private func read() async throws(S3Error) -> [String] {
        var bytes: [UInt8] = []
        do throws(S3Error) {
            let download = try await client.get(bucket: bucket, key: key)
            guard download.size <= Self.most else { return [] }
            while let piece = try await download.next() { bytes += piece }
        } catch {
            guard error.code == .noObject else { throw error }
            return []
        }
        let json: JSON
        // What is no JSON is no manifest of ours, and names nothing.
        do { json = try JSON.parse(bytes) } catch { return [] }
        return (json["artifacts"]?.arrayValue ?? []).compactMap { $0["uri"]?.stringValue }
    }
}
