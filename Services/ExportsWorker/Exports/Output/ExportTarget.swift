import Foundation
import HTTPClient
import Jobs
import ObjectStorage
import WorkerKit

/// Where the files of an export go.
protocol ExportTarget: Sendable {
    /// Removes what an attempt that died has left.
    func clear() async throws
    /// Begins a file that nobody sees yet.
    func begin(name: String, mediaType: String) async throws -> any ExportFile
    /// Makes files known, after the last of them.
    func publish(_ files: [StoredExport]) async throws
    /// Removes files that are not to be known.
    func remove(_ files: [StoredExport]) async throws
}

/// A file on its way into a target. One task at a time may use it.
protocol ExportFile: Sendable {
    func append(_ bytes: [UInt8]) async throws
    func finish() async throws -> StoredExport
    /// Removes what was written; after `finish` it does nothing.
    func discard() async throws
}

/// A file that is stored.
struct StoredExport: Sendable {
    /// The record of an artifact.
    let record: FileRecord?
    let uri: String
    let size: Int64
    let sha256: String
}

/// The artifacts of the job. They are stored unseen, and their rows are written together.
struct ArtifactTarget: ExportTarget {
    private struct File: ExportFile {
        let writer: ArtifactWriter

        func append(_ bytes: [UInt8]) async throws { try await writer.append(bytes) }
        func finish() async throws -> StoredExport {
            let record = try await writer.finish()
            return StoredExport(record: record, uri: record.uri, size: record.size, sha256: record.sha256)
        }
        func discard() async throws { await writer.discard() }
    }

    let context: JobContext

    func clear() async throws { try await context.clearArtifacts() }
    func begin(name: String, mediaType: String) async throws -> any ExportFile {
        File(writer: try await context.files.begin(name: name, mediaType: mediaType))
    }
    func publish(_ files: [StoredExport]) async throws {
        try await context.write([context.files.adding(files.compactMap(\.record))])
    }
    func remove(_ files: [StoredExport]) async throws {
        try await context.files.removeUnnamed(files.compactMap(\.record?.id))
    }
}

/// A bucket. An object appears as a whole when its upload is completed, under a key that another attempt gives it, too; the manifest comes last, so that a set of
/// files with a manifest is whole.
struct BucketTarget: ExportTarget {
    private struct File: ExportFile {
        let upload: S3Upload
        let uri: String
        let context: JobContext

        func append(_ bytes: [UInt8]) async throws { try await upload.append(bytes) }
        func finish() async throws -> StoredExport {
            // A stale attempt must not replace what a newer one has written.
            try await context.transaction { _ in }
            let stored = try await upload.complete()
            return StoredExport(record: nil, uri: uri, size: Int64(stored.size), sha256: stored.sha256)
        }
        func discard() async throws { try await upload.discard() }
    }

    private let place: BucketPlace
    private let client: S3Client
    private let context: JobContext
    /// What the names of the job's files are, but for the numbers of parts and their endings.
    private let names: [String]

    init(_ place: BucketPlace, names: [String], web: WebClient, _ context: JobContext) throws(JobFailure) {
        (self.place, self.names, self.context) = (place, names, context)
        client = try place.client(web)
    }

    /// An attempt before this one may have died with uploads under way. Others' uploads stay, whatever their keys begin with.
    func clear() async throws {
        guard context.attempt > 1 else { return }
        for upload in try await client.uploads(bucket: place.bucket, prefix: place.key) where isOwn(upload.key) {
            try await client.abortUpload(bucket: place.bucket, key: upload.key, id: upload.id)
        }
    }

    private func isOwn(_ key: String) -> Bool {
        let name = key.dropFirst(place.key.count)
        return names.contains { own in
            guard name.hasPrefix(own) else { return false }
            let rest = name.dropFirst(own.count)
            let number = rest.dropFirst().prefix(5)
            let hasNumber = rest.first == "-" && number.count == 5 && number.allSatisfy(\.isNumber)
            return (hasNumber ? rest.dropFirst(6) : rest).first == "."
        }
    }

    func begin(name: String, mediaType: String) async throws -> any ExportFile {
        let key = place.key + name
        return File(
            upload: try client.begin(bucket: place.bucket, key: key, contentType: mediaType), uri: place.uri(key),
            context: context)
    }
    func publish(_ files: [StoredExport]) async throws {}
    func remove(_ files: [StoredExport]) async throws {
        guard !files.isEmpty else { return }
        try await context.transaction { _ in }
        for file in files {
            try await client.delete(bucket: place.bucket, key: String(file.uri.dropFirst(place.uri("").count)))
        }
    }
}
