import Crypto
import Foundation

/// Files on local disk by id, at `root/ab/<id>`, where `ab` are the last two digits of the id: 256 folders, which soon all exist, so
/// that storing a file costs no folder of its own and no flush of its parent.
///
/// A file appears whole or not at all: it is written beside its place, flushed, renamed, and the folder flushed. The last digits
/// are the random ones; the first of a version 7 id are its time and would fill one folder after the other.
///
/// Opening, writing and flushing block, so they happen on threads of the store's own.
public struct FileStore: Sendable {
    /// Temporary files older than this are what a killed process left.
    static let abandonedAfter: TimeInterval = 86_400

    /// The folder of the store, an absolute path.
    public let root: String
    private let threads: StorageThreads

    /// Opens a store, makes its folders and removes temporary files that are more than a day old.
    ///
    /// - Parameter threads: how many files are written at once; further ones take turns.
    /// - Throws: `StorageError` when the folder cannot be made or written to.
    public init(root: String, threads: Int = 2) throws(StorageError) {
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
        self.threads = StorageThreads(count: threads)
        try Files.makeFolder(temporaryFolder)
        try Files.sweep(temporaryFolder, olderThan: Date(timeIntervalSinceNow: -Self.abandonedAfter))
    }

    private var temporaryFolder: String { root + "/tmp" }

    /// Where the content of an id is or would be.
    public func path(of id: UUID) -> String { "\(folder(of: id))/\(id.text)" }

    private func folder(of id: UUID) -> String {
        "\(root)/\(id.text.suffix(2))"
    }

    /// Stores what `chunks` yields under an id, in place of what was there.
    ///
    /// - Parameter limit: the most bytes.
    /// - Throws: `StorageError` of kind `.tooLarge` as soon as the limit is passed, `.diskFull` or `.failed`; or what `chunks` throws.
    ///   In each case nothing is left behind, and what was stored before stays.
    public func write<Chunks: AsyncSequence>(
        id: UUID, limit: Int, chunks: Chunks
    ) async throws -> StoredFile where Chunks.Element == [UInt8] {
        let file = pendingFile(id, limit: limit)
        do {
            try await file.open()
            for try await chunk in chunks { try await file.append(chunk) }
            return try await file.commit()
        } catch {
            await file.discard()
            throw error
        }
    }

    /// Stores bytes under an id, in place of what was there.
    ///
    /// - Parameter sha256: the bytes' digest in lower-case hexadecimal, when it is known already.
    /// - Throws: `StorageError`.
    @discardableResult
    public func write(id: UUID, bytes: [UInt8], sha256: String? = nil) async throws -> StoredFile {
        let file = pendingFile(id, limit: bytes.count, digest: sha256)
        do {
            try await file.open()
            try await file.append(bytes)
            return try await file.commit()
        } catch {
            await file.discard()
            throw error
        }
    }

    private func pendingFile(_ id: UUID, limit: Int, digest: String? = nil) -> PendingFile {
        PendingFile(
            executor: threads.next(), temporary: "\(temporaryFolder)/\(UUIDv7.generate().text)", folder: folder(of: id),
            path: path(of: id), limit: limit, digest: digest)
    }

    /// Removes what is stored under an id, and tells whether there was anything.
    ///
    /// - Throws: `StorageError`.
    @discardableResult
    public func remove(_ id: UUID) async throws -> Bool {
        try await FileRemover(executor: threads.next()).remove(path(of: id))
    }
}

/// A file that was stored.
public struct StoredFile: Sendable, Hashable {
    /// How many bytes it has.
    public let size: Int
    /// The SHA-256 of the content, in lower-case hexadecimal.
    public let sha256: String

    /// Makes the description of a stored file.
    public init(size: Int, sha256: String) {
        self.size = size
        self.sha256 = sha256
    }
}

/// Why a file could not be stored.
public struct StorageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Kind: Sendable, Hashable {
        /// The content has more bytes than the caller's limit.
        case tooLarge(limit: Int)
        /// The disk, its quota or the process's limit on file sizes is used up.
        case diskFull
        /// Anything else that the system refuses.
        case failed
    }

    /// What kind of fault it is.
    public let kind: Kind
    /// What was tried and what the system said.
    public let message: String

    /// The message.
    public var description: String { message }

    static func tooLarge(limit: Int) -> StorageError {
        StorageError(kind: .tooLarge(limit: limit), message: "the content has more than \(limit) bytes")
    }

    /// The failure of a system call.
    static func system(_ action: String, code: Int32) -> StorageError {
        let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
        return StorageError(
            kind: isFull ? .diskFull : .failed, message: "cannot \(action): \(String(cString: strerror(code)))")
    }
}
