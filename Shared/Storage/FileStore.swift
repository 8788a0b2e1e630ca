import Crypto
import Foundation

/// Files on local disk by id, at `root/ab/<id>`, where `ab` are the last two digits of the id: 256 folders, which soon all exist, so
/// that storing a file costs no folder of its own and no flush of its parent.
///
/// A file appears whole or not at all: it is written beside its place, flushed, renamed, and the folder flushed. The last digits
/// are the random ones; the first of a version 7 id are its time and would fill one folder after the other.
///
/// Opening, reading, writing and flushing block, so they happen on threads of the store's own.
public struct FileStore: ArtifactStore {
    /// Temporary files older than this are what a killed process left.
    static let abandonedAfter: TimeInterval = 86_400

    /// The folder of the store, an absolute path.
    public let root: String
    private let threads: StorageThreads

    /// Opens a store, makes its folders and removes temporary files that are more than a day old.
    ///
    /// - Parameter threads: how many files are read or written at once; further ones take turns.
    /// - Throws: `StorageError` when the folder cannot be made or written to.
    public init(root: String, threads: Int = 2) throws(StorageError) {
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
        self.threads = StorageThreads(count: threads)
        try Files.makeFolder(temporaryFolder)
        try Files.sweep(temporaryFolder, olderThan: Self.abandoned)
    }

    private var temporaryFolder: String { root + "/tmp" }
    private static var abandoned: Date { Date(timeIntervalSinceNow: -abandonedAfter) }

    /// Where the content of an id is or would be.
    public func path(of id: UUID) -> String { "\(folder(of: id))/\(id.text)" }

    /// Where the content of an id is or would be.
    public func localPath(of id: UUID) -> String? { path(of: id) }

    private func folder(of id: UUID) -> String {
        "\(root)/\(id.text.suffix(2))"
    }

    /// Begins a file beside its place.
    public func begin(_ id: UUID, limit: Int, sha256: String?) async throws(StorageError) -> any PendingArtifact {
        try await pendingFile(id, limit: limit, sha256: sha256)
    }

    private func pendingFile(_ id: UUID, limit: Int, sha256: String?) async throws(StorageError) -> PendingFile {
        let file = PendingFile(
            executor: threads.next(), temporary: "\(temporaryFolder)/\(UUIDv7.generate().text)", folder: folder(of: id),
            path: path(of: id), limit: limit, digest: sha256)
        try await file.open()
        return file
    }

    /// Opens a file for reading.
    public func read(_ id: UUID, range: Range<Int>?) async throws(StorageError) -> any ArtifactReader {
        try await FileWork(executor: threads.next()).open(path(of: id), range: range)
    }

    /// The file itself.
    public func file(_ id: UUID) async throws(StorageError) -> LocalFile {
        let path = path(of: id)
        try await FileWork(executor: threads.next()).find(path)
        return LocalFile(path: path, isCopy: false)
    }

    /// Removes what is stored under an id, and tells whether there was anything.
    @discardableResult
    public func remove(_ id: UUID) async throws(StorageError) -> Bool {
        try await FileWork(executor: threads.next()).remove(path(of: id))
    }

    /// Removes temporary files that nobody has written to for more than a day.
    public func sweep(sparing needed: @Sendable ([UUID]) async throws -> Set<UUID>) async throws {
        try await sweep()
    }

    package func sweep() async throws(StorageError) {
        try await FileWork(executor: threads.next()).sweep(temporaryFolder, olderThan: Self.abandoned)
    }

    /// Copies what is read into a file that goes with the answer; of a machine's crash it survives nothing.
    ///
    /// - Parameter limit: the most bytes.
    package func copy(_ reader: any ArtifactReader, limit: Int) async throws(StorageError) -> LocalFile {
        // The content was checked where it is stored.
        let file = try await pendingFile(UUIDv7.generate(), limit: limit, sha256: "")
        do {
            while let piece = try await reader.next() { try await file.append(piece) }
            return try await file.keep()
        } catch {
            await file.discard()
            throw error
        }
    }
}
