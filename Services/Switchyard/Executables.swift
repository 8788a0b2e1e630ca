import Foundation
import LocalServers

/// The services' executables, which stand beside this one.
struct Executables: Sendable {
    let folder: String
    /// The workers' short names: the executable's name in lower case, without `Worker`.
    let workers: [String: String]

    /// Looks around; the gateway has to be there.
    init() throws(ServerError) {
        guard let own = ProcessTable.executable(of: getpid()) else {
            throw ServerError(.system, "cannot find this program's own path in /proc")
        }
        folder = (own as NSString).deletingLastPathComponent
        guard FileManager.default.isExecutableFile(atPath: "\(folder)/Gateway") else {
            throw ServerError(.notInstalled, "\(folder)/Gateway is not there: build all products first")
        }
        var workers: [String: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix("Worker") && name != "Worker" && Self.isProgram("\(folder)/\(name)") {
            workers[String(name.dropLast("Worker".count)).lowercased()] = "\(folder)/\(name)"
        }
        self.workers = workers
    }

    var gateway: String { "\(folder)/Gateway" }

    /// Whether a process with this executable is one that a supervisor starts; `setpriv` is one that has not become it yet.
    static func isService(_ executable: String?) -> Bool {
        guard let name = executable?.split(separator: "/").last else { return false }
        return name == "Gateway" || name.hasSuffix("Worker") || name == "setpriv"
    }

    private static func isProgram(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
