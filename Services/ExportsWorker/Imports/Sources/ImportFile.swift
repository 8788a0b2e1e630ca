import Crypto
import Fetching
import Foundation
import HTTPClient
import ObjectStorage
import Storage
import WorkerKit

/// The file that an import reads, for as long as this object is there.
struct ImportFile: Sendable {
    /// What tells one file from another.
    struct Identity: Codable, Sendable, Equatable {
        let size: Int64
        /// Of an upload, an artifact, or what was fetched.
        let sha256: String?
        /// Of a file of the operator's, in seconds since 1970.
        let modified: Double?
    }

    let path: String
    let identity: Identity
    /// Keep a fetched copy until it is read.
    private let local: LocalFile?
    private let copy: TemporaryFile?

    /// - Throws: `JobFailure` when there is no such file, or the job may not read it.
    init(_ input: Import, _ context: JobContext, _ web: WebClient) async throws {
        let (source, files) = (input.source, context.files)
        if let id = source.fileID {
            let (record, content) = try await files.file(id)
            path = content.withPath { $0 }
            identity = Identity(size: record.size, sha256: record.sha256, modified: nil)
            (local, copy) = (content, nil)
        } else if let place = source.s3 {
            let file = try TemporaryFile(in: NSTemporaryDirectory())
            let (size, sha256) = try await file.fill(from: place, limit: input.limits.downloadBytes, web)
            path = file.path
            identity = Identity(size: size, sha256: sha256, modified: nil)
            (local, copy) = (nil, file)
        } else if let url = source.webURL {
            let fetcher = FileFetcher(web, words: FetchWords(thing: "file", whenLarge: "split the file"))
            let fetched = try await fetcher.fetch(
                url, limits: input.limits.download, into: { try TemporaryFile(in: NSTemporaryDirectory()) }
            ) { failure, pause in
                context.log(
                    .warning, "fetching is tried again in \(Int(pause / .milliseconds(1))) ms: \(failure.message)",
                    details: ["code": .string(failure.code)])
            }
            path = fetched.file.path
            identity = Identity(size: Int64(fetched.size), sha256: fetched.sha256, modified: nil)
            (local, copy) = (nil, fetched.file)
        } else {
            path = try files.path(of: source.url ?? "")
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw JobFailure(code: "unreadable", message: "\(source.url ?? "") is not a readable file.")
            }
            identity = Identity(
                size: Int64(status.st_size), sha256: nil,
                modified: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
            (local, copy) = (nil, nil)
        }
    }
}

extension TemporaryFile {
    /// Copies an object; answers its size and its SHA-256.
    ///
    /// - Throws: `JobFailure` `too_large`, before anything is copied.
    fileprivate func fill(
        from place: BucketPlace, limit: Int, _ web: WebClient
    ) async throws -> (size: Int64, sha256: String) {
        let download = try await place.client(web).get(bucket: place.bucket, key: place.key)
        guard download.size <= limit else {
            throw JobFailure(
                code: "too_large",
                message:
                    "\(place.uri(place.key)) has \(download.size) bytes, over \(limit): raise limits.download_bytes, or split the file."
            )
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        var hasher = SHA256Hasher()
        var size: Int64 = 0
        while let piece = try await download.next() {
            try file.write(contentsOf: piece)
            hasher.update(piece)
            size += Int64(piece.count)
        }
        try file.close()
        return (size, Hex.encode(hasher.digest()))
    }
}
