import Jobs
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
