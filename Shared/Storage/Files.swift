import Foundation

/// Calls to the file system, with its refusals as errors.
enum Files {
    /// Makes a folder and those above it, and makes their names durable.
    static func makeFolder(_ path: String) throws(StorageError) {
        if mkdir(path, 0o750) == 0 { return try flushFolder(parent(of: path)) }
        switch errno {
        case EEXIST: return
        case ENOENT:
            try makeFolder(parent(of: path))
            guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw .system("make \(path)", code: errno) }
            try flushFolder(parent(of: path))
        case let code: throw .system("make \(path)", code: code)
        }
    }

    /// Flushes the names in a folder to the disk.
    static func flushFolder(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("flush \(path)", code: errno) }
    }

    /// Writes all bytes.
    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(StorageError) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start)
            }
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw .system("write \(path)", code: errno)
            }
        }
    }

    /// Removes the files of a folder that nobody wrote to since `date`.
    static func sweep(_ folder: String, olderThan date: Date) throws(StorageError) {
        guard let listing = opendir(folder) else { throw .system("list \(folder)", code: errno) }
        defer { closedir(listing) }
        let limit = Int(date.timeIntervalSince1970)
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            // A file that went away meanwhile is gone anyway, so a failed look or removal needs no word.
            guard fstatat(dirfd(listing), name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG, status.st_mtim.tv_sec < limit
            else { continue }
            unlinkat(dirfd(listing), name, 0)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
