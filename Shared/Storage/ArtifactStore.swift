import Foundation

/// Where the content of files lies: each under the UUID that its row in the database has.
///
/// Nothing but a UUID ever names content, so that no path of a client's can lead anywhere. Content appears whole or not at all, and is durable
/// before it appears.
public protocol ArtifactStore: Sendable {
    /// Begins new content for an id. End it with `commit` or `discard`.
    ///
    /// - Parameters:
    ///   - limit: the most bytes.
    ///   - sha256: the content's digest in lower-case hexadecimal when it is known already, which saves computing it.
    func begin(_ id: UUID, limit: Int, sha256: String?) async throws(StorageError) -> any PendingArtifact

    /// Opens content for reading.
    ///
    /// - Parameter range: the bytes that are wanted, all when nil; those beyond the end are left out.
    /// - Throws: `StorageError` of kind `.missing` when there is none under this id.
    func read(_ id: UUID, range: Range<Int>?) async throws(StorageError) -> any ArtifactReader

    /// The content as a file of this machine: where it lies, or a copy that goes with the answer.
    ///
    /// - Throws: `StorageError` of kind `.missing` when there is none under this id.
    func file(_ id: UUID) async throws(StorageError) -> LocalFile

    /// Where the content is, or would be, in this machine's file system; nil for a store that is elsewhere.
    func localPath(of id: UUID) -> String?

    /// Removes what is stored under an id, and tells whether there was anything.
    @discardableResult
    func remove(_ id: UUID) async throws(StorageError) -> Bool

    /// Removes what processes that were killed left more than a day ago.
    ///
    /// - Parameter needed: which of these ids somebody still writes, however long ago that began.
    /// - Throws: `StorageError`, or what `needed` throws.
    func sweep(sparing needed: @Sendable ([UUID]) async throws -> Set<UUID>) async throws
}

/// Content on its way into a store. One task at a time may use it; nothing is visible before `commit`.
public protocol PendingArtifact: Sendable {
    /// Adds bytes at the end; waits while the store is slower than its writer.
    ///
    /// - Throws: `StorageError`, of kind `.tooLarge` as soon as the limit is passed. Only `discard` is of use then.
    func append(_ bytes: [UInt8]) async throws(StorageError)

    /// Makes the content durable and visible, in place of what the id had before.
    func commit() async throws(StorageError) -> StoredFile

    /// Removes what was written. After `commit` it does nothing.
    func discard() async
}

/// Content that is read piece by piece, by one task at a time; ends with its last reference.
public protocol ArtifactReader: Sendable {
    /// How many bytes come in all.
    var size: Int { get }

    /// The next piece, at most 256 KiB; nil at the end.
    func next() async throws(StorageError) -> [UInt8]?
}

/// A file of this machine that may be a copy; a copy goes with its last reference.
public final class LocalFile: Sendable {
    private let path: String
    private let isCopy: Bool

    /// Names a file; a copy is removed with this object.
    package init(path: String, isCopy: Bool) {
        self.path = path
        self.isCopy = isCopy
    }

    deinit {
        // A copy that cannot be removed is swept up after a day.
        if isCopy { unlink(path) }
    }

    /// Works with the file's path; what has opened it may go on reading afterwards.
    public func withPath<Output>(_ body: (String) throws -> Output) rethrows -> Output {
        try withExtendedLifetime(self) { try body(path) }
    }
}

extension ArtifactStore {
    /// Begins new content for an id.
    public func begin(_ id: UUID, limit: Int) async throws(StorageError) -> any PendingArtifact {
        try await begin(id, limit: limit, sha256: nil)
    }

    /// Stores what `chunks` yields under an id, in place of what was there.
    ///
    /// - Parameter limit: the most bytes.
    /// - Throws: `StorageError` of kind `.tooLarge` as soon as the limit is passed, or of another; or what `chunks` throws. In each case
    ///   nothing is left behind, and what was stored before stays.
    public func write<Chunks: AsyncSequence>(
        id: UUID, limit: Int, chunks: Chunks
    ) async throws -> StoredFile where Chunks.Element == [UInt8] {
        let file = try await begin(id, limit: limit)
        do {
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
    @discardableResult
    public func write(id: UUID, bytes: [UInt8], sha256: String? = nil) async throws(StorageError) -> StoredFile {
        let file = try await begin(id, limit: bytes.count, sha256: sha256)
        do {
            try await file.append(bytes)
            return try await file.commit()
        } catch {
            await file.discard()
            throw error
        }
    }
}
