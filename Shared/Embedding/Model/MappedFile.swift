import Foundation

/// A file's bytes as the system pages them in, for as long as the object lives.
///
/// Whoever replaces a model's file writes a new one and renames it: one that is shortened in place takes away pages that are in use.
///
/// Sendable, because the bytes are never written and stay mapped until nobody has the object.
final class MappedFile: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    init(path: String) throws(EmbeddingError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw EmbeddingError(.model, "\(path) cannot be opened: \(String(cString: strerror(errno))).")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw EmbeddingError(.model, "\(path) is no file.")
        }
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let count = Int(status.st_size)
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
            throw EmbeddingError(.model, "\(path) cannot be mapped: \(String(cString: strerror(errno))).")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Gives the pages back to the system until they are read again.
    func forget() {
        guard let start = bytes.baseAddress else { return }
        // A mere hint: where it is refused, memory stays as it was.
        _ = madvise(UnsafeMutableRawPointer(mutating: start), bytes.count, MADV_DONTNEED)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
