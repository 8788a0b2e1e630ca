import Foundation

/// The bytes of a file.
public final class FileSource: ByteSource {
    private let descriptor: Int32
    private let path: String

    /// Opens a file to be read from the byte at `offset` on.
    ///
    /// - Throws: `TableError` of the kind `unreadable`.
    public init(path: String, at offset: Int = 0) throws(TableError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        // The object is whole from here on, so that its end closes the file.
        guard descriptor >= 0 else { throw failure }
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 || offset == 0 else { throw failure }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads the next bytes.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw failure }
        }
    }

    private var failure: TableError {
        TableError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
