import Foundation
import LocalServers

/// A supervisor in a session of its own, and the one line that it sends to whoever started it.
struct Detached: Sendable {
    /// The line that says that everything is ready; any other is the reason why not.
    static let isReady = "ready"
    private static let variable = "SWITCHYARD_DETACHED"
    private static let descriptor: Int32 = 3

    /// This process's own, when it was started by `start`. The services must not see the variable.
    static func current() -> Detached? {
        guard getenv(variable) != nil else { return nil }
        unsetenv(variable)
        return Detached()
    }

    /// Tells the process that waits; the first line counts.
    func report(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(Self.descriptor, bytes, bytes.count)
        close(Self.descriptor)
    }

    /// Starts this program again with the same options and waits until it is ready or says why it is not.
    static func start(_ arguments: Arguments) async throws -> Int32 {
        let workspace = Workspace(arguments.value("--folder"))
        try workspace.prepare()
        guard let executable = ProcessTable.executable(of: getpid()) else {
            throw ServerError(.system, "cannot find this program's own path in /proc")
        }
        var words = ["up", "--folder", workspace.path]
        for name in ["--port", "--workers"] {
            if let value = arguments.value(name) { words += [name, value] }
        }
        LogRotation.rotate(workspace.log("up"))
        let log = try workspace.openLog("up")
        defer { close(log) }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerError(.system, "cannot make a pipe: \(lastSystemError())") }
        let environment = ProcessInfo.processInfo.environment.merging([variable: "1"]) { $1 }
        let pid = try ChildProcess.spawn(
            .init(executable, words, environment: environment, output: log, isSessionLeader: true, extra: ends[1]))
        close(ends[1])
        let source = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        // Ends with the other process at the latest, and that one bounds each of its waits.
        let answer = await onThread {
            String(decoding: (try? source.readToEnd()) ?? Data(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard answer == isReady else {
            let reason = answer.isEmpty ? "it ended without a word" : answer
            throw ServerError(.ended, reason, log: answer.isEmpty ? tail(of: workspace.log("up")) : "")
        }
        show("Switchyard is up (pid \(pid)): \(workspace.environment()["SWITCHYARD_URL"] ?? "")")
        show("its variables are in \(workspace.environmentFile), its logs in \(workspace.path)/log")
        if let file = arguments.value("--demo") { try await Demo(workspace, file: file).run() }
        return 0
    }
}
