import Foundation

/// A file with a process id, which tells a process of ours from a stranger that got the same id later.
///
/// The file itself holds nothing but the id, for `kill $(cat …)`; a second one beside it, `….started`, holds the machine's
/// boot and the process's start time.
public struct PIDFile: Sendable {
    /// The file's path.
    public let path: String

    /// Names the file; it need not exist.
    public init(_ path: String) { self.path = path }

    /// Records a process that has just been started.
    public func write(_ pid: Int32) throws(ServerError) {
        // The identity first: an id without it is not believed.
        try writeFile("\(path).started", "\(Self.bootID) \(ProcessTable.startTime(of: pid) ?? "")\n", mode: 0o644)
        try writeFile(path, "\(pid)\n", mode: 0o644)
    }

    /// The recorded process, if it still runs and is the same one.
    public var pid: Int32? {
        guard let pid = text(path).flatMap({ Int32($0) }), let identity = text("\(path).started"),
            let started = ProcessTable.startTime(of: pid), identity == "\(Self.bootID) \(started)",
            ProcessTable.isRunning(pid)
        else { return nil }
        return pid
    }

    /// Whether a process is recorded that does not run: it ended without anybody stopping it.
    var isStale: Bool { pid == nil && access(path, F_OK) == 0 }

    /// Forgets the process.
    public func remove() {
        unlink(path)
        unlink("\(path).started")
    }

    private func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static let bootID =
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
}

/// Writes a file so that a reader finds the old text or the new one, never a part, and nobody without the right to read it.
public func writeFile(_ path: String, _ text: String, mode: mode_t) throws(ServerError) {
    let temporary = "\(path).new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw ServerError(.folder, "cannot write \(path): \(lastSystemError())") }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard fchmod(descriptor, mode) == 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
        rename(temporary, path) == 0
    else { throw ServerError(.folder, "cannot write \(path): \(lastSystemError())") }
}
