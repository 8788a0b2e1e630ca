import Fetching
import Foundation
import WorkerKit

/// A file without a name, which is gone with its owner, and with the process.
final class TemporaryFile: Sendable {
    private static let piece = 256 << 10

    /// By which this process can open it, as often as it likes.
    let path: String
    private let descriptor: Int32

    /// Makes an empty file in a folder.
    init(in folder: String) throws {
        var template = Array("\(folder)/switchyard-export-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        if descriptor >= 0 { unlink(template) }
        guard descriptor >= 0 else {
            throw JobFailure(
                code: "no_temporary_space",
                message: "No temporary file can be made in \(folder): \(String(cString: strerror(errno))).")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        path = "/proc/self/fd/\(descriptor)"
    }

    deinit { close(descriptor) }

    /// Writes bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + bytes.count - rest.count))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw JobFailure(
                    code: "no_temporary_space",
                    message: "A temporary file takes no more: \(String(cString: strerror(errno))).")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Reads the file from its beginning.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        while let data = try file.read(upToCount: Self.piece), !data.isEmpty { try body(Array(data)) }
    }
}

extension TemporaryFile: FetchTarget {}
