import Foundation

/// Keeps the services' logs below a size, with two older files each.
///
/// A service goes on writing to the file that it was given, so the text is copied away and the file cut: a line that is written
/// between the last read and the cut is lost. A pipe through the supervisor would lose none, but would cost every line a copy and
/// take the services' last words with it when the supervisor is killed.
enum LogRotation {
    static let limit = 16 << 20

    /// Puts the text of one log aside when it has grown beyond the limit.
    static func rotate(_ path: String, limit: Int = limit) {
        var information = stat()
        guard stat(path, &information) == 0, information.st_size > limit else { return }
        rename("\(path).1", "\(path).2")
        let source = open(path, O_RDWR | O_CLOEXEC)
        let target = open("\(path).1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer {
            close(source)
            close(target)
        }
        guard source >= 0, target >= 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(source, &buffer, buffer.count), count > 0 {
            // A full disk: the old text stays where it is.
            guard write(target, buffer, count) == count else { return }
        }
        ftruncate(source, 0)
    }
}
