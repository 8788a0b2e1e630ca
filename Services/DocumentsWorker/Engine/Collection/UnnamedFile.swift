import Crypto
import Foundation
import Markup
import Sandbox

/// A file without a name, in the folder for temporary files or in memory; gone with the last reference, also when the process is killed.
final class UnnamedFile: Sendable {
    private static let pieceLength = 256 << 10

    let descriptor: Int32

    /// One that is only in memory.
    static func inMemory() throws(ExtractionError) -> UnnamedFile {
        let descriptor = Descriptors.memoryFile("page")
        guard descriptor >= 0 else {
            throw .unavailable("no descriptor for a page: \(String(cString: strerror(errno)))")
        }
        return UnnamedFile(descriptor)
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// One in the folder for temporary files.
    init() throws(ExtractionError) {
        // Not every file system knows O_TMPFILE.
        let path = FileManager.default.temporaryDirectory.appending(path: "switchyard-member-\(UUID().uuidString)").path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable("cannot make a temporary file: \(String(cString: strerror(errno)))")
        }
        unlink(path)
    }

    deinit { close(descriptor) }

    func write(_ piece: ArraySlice<UInt8>, at offset: Int) throws(ExtractionError) {
        try Self.check(piece.withUnsafeBytes { Self.write($0, to: descriptor, at: offset) })
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ExtractionError) {
        try Self.check(Self.write(bytes, to: descriptor, at: offset))
    }

    private static func check(_ isWritten: Bool) throws(ExtractionError) {
        guard isWritten else {
            throw .unavailable("cannot write a temporary file: \(String(cString: strerror(errno)))")
        }
    }

    /// Writes all bytes; false when the system refuses.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + bytes.count - rest.count))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    /// A file with a part of this one, and the part's SHA-256 in hexadecimal.
    func copy(_ range: Range<Int>) throws(ExtractionError) -> (UnnamedFile, sha256: String) {
        let file = try UnnamedFile()
        var hasher = SHA256Hasher()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(Self.pieceLength, range.upperBound - offset)
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, wanted, off_t(offset)))
            }
            guard !piece.isEmpty else { throw .unavailable("cannot read a temporary file") }
            hasher.update(piece)
            try file.write(piece[...], at: offset - range.lowerBound)
            offset += piece.count
        }
        return (file, Hex.encode(hasher.digest()))
    }
}
