import Concurrency
import Crypto
import Foundation

/// A file on its way into the store. It runs on a thread that may block.
actor PendingFile: PendingArtifact {
    private let executor: ThreadExecutor
    private let temporary: String
    private let folder: String
    private let path: String
    private let limit: Int
    private var descriptor: Int32 = -1
    private var isTemporary = false
    private var size = 0
    private let knownDigest: String?
    private var hasher = SHA256Hasher()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - temporary: where it is written.
    ///   - folder: the one of its place, made when it is needed.
    ///   - path: its place.
    ///   - digest: the content's SHA-256 when the caller knows it, which saves computing it here.
    init(executor: ThreadExecutor, temporary: String, folder: String, path: String, limit: Int, digest: String?) {
        self.executor = executor
        self.temporary = temporary
        self.folder = folder
        self.path = path
        self.limit = limit
        knownDigest = digest
    }

    func open() throws(StorageError) {
        descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system("create \(temporary)", code: errno) }
        isTemporary = true
    }

    func append(_ chunk: [UInt8]) throws(StorageError) {
        guard chunk.count <= limit - size else { throw .tooLarge(limit: limit) }
        try Files.write(chunk, to: descriptor, path: temporary)
        if knownDigest == nil { hasher.update(chunk) }
        size += chunk.count
    }

    /// Makes the content durable, then visible, then its name durable.
    func commit() throws(StorageError) -> StoredFile {
        guard fsync(descriptor) == 0 else { throw .system("flush \(temporary)", code: errno) }
        try close()
        let stored = StoredFile(size: size, sha256: knownDigest ?? Hex.encode(hasher.digest()))
        try Files.makeFolder(folder)
        guard rename(temporary, path) == 0 else { throw .system("rename to \(path)", code: errno) }
        isTemporary = false
        try Files.flushFolder(folder)
        return stored
    }

    /// Leaves the file where it is, for whoever has the answer.
    func keep() throws(StorageError) -> LocalFile {
        try close()
        isTemporary = false
        return LocalFile(path: temporary, isCopy: true)
    }

    /// Removes what was written. A temporary file that cannot be removed now is swept up after a day.
    func discard() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        if isTemporary { unlink(temporary) }
        isTemporary = false
    }

    private func close() throws(StorageError) {
        defer { descriptor = -1 }
        guard Glibc.close(descriptor) == 0 else { throw .system("close \(temporary)", code: errno) }
    }
}
