import Foundation

/// What a private server keeps: settings, pid, log and data.
///
/// The folder belongs to whoever starts the server and only `data` to the server's own account. Where that account cannot reach
/// the folder (a project below `/root`, say), `data` is a symbolic link into `/var/tmp`.
struct ServerFolder: Sendable {
    let path: String
    let account: ServerAccount

    init(_ path: String, account: ServerAccount) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        self.account = account
    }

    var pidFile: PIDFile { PIDFile("\(path)/server.pid") }
    var logPath: String { "\(path)/server.log" }

    /// Where the server's files are, with links resolved; nil before the first start.
    var data: String? {
        guard let resolved = realpath("\(path)/data", nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Says where the data is when it is not in the folder.
    var note: String? {
        guard let data, let home = realpath(path, nil) else { return nil }
        defer { free(home) }
        guard data != "\(String(cString: home))/data" else { return nil }
        return "user \(account.name) cannot reach \(path); the server's data is in \(data)"
    }

    /// Makes the folder, and answers the one in which the data folder is to be made: this one, or a substitute.
    func prepare() async throws(ServerError) -> String {
        do {
            for folder in [(path as NSString).deletingLastPathComponent, path]
            where !FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                chmod(folder, 0o755)
            }
        } catch { throw ServerError(.folder, "cannot make the folder \(path): \(error.localizedDescription)") }
        if let data { return (data as NSString).deletingLastPathComponent }
        if try await account.canReach(path) { return path }
        var template = Array("/var/tmp/switchyard-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ServerError(
                .folder,
                "user \(account.name) cannot reach \(path), and /var/tmp cannot be written: \(lastSystemError())")
        }
        let substitute = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        unlink("\(path)/data")
        guard chmod(substitute, 0o711) == 0, symlink("\(substitute)/data", "\(path)/data") == 0 else {
            throw ServerError(.folder, "cannot link \(path)/data to \(substitute): \(lastSystemError())")
        }
        return substitute
    }

    /// Runs `body` while no other process starts or stops this server.
    func locked<Output>(
        _ body: () async throws(ServerError) -> Output
    ) async throws(ServerError) -> Output {
        let descriptor = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ServerError(.folder, "cannot write \(path)/lock: \(lastSystemError())") }
        defer { close(descriptor) }
        try await poll(.seconds(180), "whoever starts or stops the server in \(path)") {
            flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        return try await body()
    }

    /// The settings that outlive the server: ports, user, password, URL.
    func settings() -> [String: String] {
        guard let text = try? String(contentsOfFile: "\(path)/settings", encoding: .utf8) else { return [:] }
        return Dictionary(
            text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                return parts.count == 2 ? (parts[0], parts[1]) : nil
            }, uniquingKeysWith: { $1 })
    }

    func save(_ settings: [String: String]) throws(ServerError) {
        let lines = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
        try writeFile("\(path)/settings", lines.joined(), mode: 0o600)
    }

    /// Opens the log for a new run; one that has grown beyond 16 MiB is put aside first.
    func openLog() throws(ServerError) -> (descriptor: Int32, start: Int) {
        var information = stat()
        if stat(logPath, &information) == 0, information.st_size > 16 << 20 { rename(logPath, "\(logPath).1") }
        let descriptor = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ServerError(.folder, "cannot write \(logPath): \(lastSystemError())") }
        return (descriptor, Int(lseek(descriptor, 0, SEEK_END)))
    }

    /// The last lines that the server wrote after `start`.
    func logTail(from start: Int = 0) -> String { tail(of: logPath, from: start) }
}

/// The last lines of a text file, from 8 KiB before its end at the most.
public func tail(of path: String, from start: Int = 0, lines: Int = 15) -> String {
    guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd() else { return "" }
    defer { try? file.close() }
    let offset = max(UInt64(start), end > 8192 ? end - 8192 : 0)
    guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(lines).joined(separator: "\n")
}

/// A password of 32 letters and digits, which needs no escaping in a URL or a configuration file.
func randomPassword() -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    return String((0..<32).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
}

/// Removes a folder with everything in it; one that is not there is no error.
func removeFolder(_ path: String) throws(ServerError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do { try FileManager.default.removeItem(atPath: path) } catch {
        throw ServerError(.folder, "cannot remove \(path): \(error.localizedDescription)")
    }
}
