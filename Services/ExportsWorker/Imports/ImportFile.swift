import Foundation
import Storage
import WorkerKit

/// The file that an import reads, for as long as this object is there.
struct ImportFile: Sendable {
    /// What tells one file from another.
    struct Identity: Codable, Sendable, Equatable {
        let size: Int64
        /// Of an upload or an artifact.
        let sha256: String?
        /// Of a file of the operator's, in seconds since 1970.
        let modified: Double?
    }

    let path: String
    let identity: Identity
    /// Keeps a fetched copy until it is read.
    private let local: LocalFile?

    /// - Throws: `JobFailure` when there is no such file, or the job may not read it.
    init(_ source: Import.Source, _ files: JobFiles) async throws {
        if let id = source.fileID {
            let (record, content) = try await files.file(id)
            path = content.withPath { $0 }
            identity = Identity(size: record.size, sha256: record.sha256, modified: nil)
            local = content
        } else {
            path = try files.path(of: source.url ?? "")
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw JobFailure(code: "unreadable", message: "\(source.url ?? "") is not a readable file.")
            }
            identity = Identity(
                size: Int64(status.st_size), sha256: nil,
                modified: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
            local = nil
        }
    }
}
