import Foundation
import LocalServers

/// The folder in which a stack of services lives, and what stands where in it.
struct Workspace: Sendable {
    let path: String

    /// Names the folder; `.switchyard` of the current one by default.
    init(_ folder: String?) { path = URL(fileURLWithPath: folder ?? ".switchyard").standardizedFileURL.path }

    /// Makes the folders that are missing.
    func prepare() throws(ServerError) {
        for folder in [path, "\(path)/run", "\(path)/log", "\(path)/files"]
        where !FileManager.default.fileExists(atPath: folder) {
            do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
                throw ServerError(.folder, "cannot make the folder \(folder): \(error.localizedDescription)")
            }
        }
    }

    var environmentFile: String { "\(path)/env" }
    var files: String { "\(path)/files" }
    var supervisorFile: String { "\(path)/run/up.pid" }
    func log(_ service: String) -> String { "\(path)/log/\(service).log" }
    func pidFile(_ service: String) -> PIDFile { PIDFile("\(path)/run/\(service).pid") }
    func urlFile(_ service: String) -> String { "\(path)/run/\(service).url" }

    /// The variables that the last `up` wrote for the shell.
    func environment() -> [String: String] {
        guard let text = try? String(contentsOfFile: environmentFile, encoding: .utf8) else { return [:] }
        let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let assignment = line.hasPrefix("export ") ? line.dropFirst("export ".count) : line
            let parts = assignment.split(separator: "=", maxSplits: 1).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1].trimmingCharacters(in: ["'"])) : nil
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }

    /// Opens a service's log for appending.
    func openLog(_ service: String) throws(ServerError) -> Int32 {
        let descriptor = open(log(service), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ServerError(.folder, "cannot write \(log(service)): \(lastSystemError())")
        }
        return descriptor
    }

    /// Ends services that a killed supervisor left behind, and answers their names.
    ///
    /// A process is taken for ours only if its start time is the recorded one and its executable is named like a service.
    func endOrphans() async throws(ServerError) -> [String] {
        let suffix = ".pid.started"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/run")) ?? [])
            .filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        var ended: [String] = []
        for name in names.sorted() {
            if let pid = pidFile(name).pid, Executables.isService(ProcessTable.executable(of: pid)) {
                kill(pid, SIGTERM)
                do throws(ServerError) {
                    try await poll(.seconds(10), "\(name) to end") { !ProcessTable.isRunning(pid) }
                } catch {
                    if error.kind == .cancelled { throw error }
                    kill(-pid, SIGKILL)
                    try await poll(.seconds(10), "\(name) to end") { !ProcessTable.isRunning(pid) }
                }
                ended.append(name)
            }
            pidFile(name).remove()
            unlink(urlFile(name))
        }
        return ended
    }
}

/// The supervisor's hold on its workspace: a lock on the file that has its pid, which ends with the process, however it ends.
struct SupervisorLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock; the error names the pid of whoever has it.
    init(_ workspace: Workspace) throws(ServerError) {
        descriptor = open(workspace.supervisorFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ServerError(.folder, "cannot write \(workspace.supervisorFile): \(lastSystemError())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let pid = Self.holder(of: workspace).map { " (pid \($0))" } ?? ""
            throw ServerError(
                .unhealthy, "switchyard is already up in \(workspace.path)\(pid); end it with switchyard stop")
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw ServerError(.folder, "cannot write \(workspace.supervisorFile): \(lastSystemError())")
        }
    }

    deinit { close(descriptor) }

    /// The supervisor that the file names.
    static func holder(of workspace: Workspace) -> Int32? {
        guard let text = try? String(contentsOfFile: workspace.supervisorFile, encoding: .utf8) else { return nil }
        return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Whether a supervisor runs.
    static func isHeld(in workspace: Workspace) -> Bool {
        let descriptor = open(workspace.supervisorFile, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }
}
