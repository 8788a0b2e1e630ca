import Concurrency
import Foundation

/// Short work with files on a thread that may block.
actor FileWork {
    private let executor: ThreadExecutor

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: ThreadExecutor) { self.executor = executor }

    func remove(_ path: String) throws(StorageError) -> Bool {
        if unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw .system("remove \(path)", code: errno) }
        return false
    }

    func find(_ path: String) throws(StorageError) {
        guard access(path, R_OK) == 0 else { throw .opening(path, code: errno) }
    }

    func sweep(_ folder: String, olderThan date: Date) throws(StorageError) {
        try Files.sweep(folder, olderThan: date)
    }

    /// Opens a file to read a part of it, or all.
    func open(_ path: String, range: Range<Int>?) throws(StorageError) -> FileReader {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .opening(path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            defer { close(descriptor) }
            throw .system("read \(path)", code: errno)
        }
        let whole = 0..<Int(status.st_size)
        return FileReader(
            executor: executor, descriptor: descriptor, path: path, range: range?.clamped(to: whole) ?? whole)
    }
}

/// A file that is being read, on a thread that may block.
actor FileReader: ArtifactReader {
    private static let pieceSize = 128 << 10

    private let executor: ThreadExecutor
    private let descriptor: Int32
    private let path: String
    private var rest: Range<Int>
    let size: Int

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Takes over the descriptor.
    init(executor: ThreadExecutor, descriptor: Int32, path: String, range: Range<Int>) {
        self.executor = executor
        self.descriptor = descriptor
        self.path = path
        rest = range
        size = range.count
    }

    deinit { close(descriptor) }

    func next() throws(StorageError) -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        let wanted = min(rest.count, Self.pieceSize)
        var code: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            var read: Int
            repeat {
                read = pread(descriptor, buffer.baseAddress, wanted, rest.lowerBound)
            } while read < 0 && errno == EINTR
            code = read < 0 ? errno : 0
            count = max(0, read)
        }
        guard code == 0 else { throw .system("read \(path)", code: code) }
        guard !piece.isEmpty else { throw StorageError(kind: .failed, message: "\(path) became shorter") }
        rest = rest.dropFirst(piece.count)
        return piece
    }
}
