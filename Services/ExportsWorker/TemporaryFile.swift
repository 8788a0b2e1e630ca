import Foundation
import WorkerKit

/// A file that goes with its owner, and with the process where the system clears its folder.
final class TemporaryFile: Sendable {
    private static let piece = 256 << 10

    let path: String

    /// Makes an empty file in a folder.
    init(in folder: String, suffix: String) throws {
        var template = Array("\(folder)/switchyard-export-XXXXXX\(suffix)".utf8CString)
        let descriptor = mkstemps(&template, Int32(suffix.utf8.count))
        guard descriptor >= 0 else {
            throw JobFailure(
                code: "no_temporary_space",
                message: "No temporary file can be made in \(folder): \(String(cString: strerror(errno))).")
        }
        close(descriptor)
        path = template.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    deinit { unlink(path) }

    /// Reads the file from its beginning.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        while let data = try file.read(upToCount: Self.piece), !data.isEmpty { try body(Array(data)) }
    }
}
