import Foundation
import LocalServers

extension Command {
    /// `switchyard stop`
    static let stop = Command(
        name: "stop", summary: "Ends what switchyard up started, in order, and waits for it.",
        options: [Option("--folder", "FOLDER", "the folder that was given to up (default .switchyard)")],
        run: { arguments in
            let workspace = Workspace(arguments.value("--folder"))
            if SupervisorLock.isHeld(in: workspace) { try await endSupervisor(of: workspace) }
            // What a supervisor that was killed has left; after an orderly end there is nothing.
            let orphans = try await workspace.endOrphans()
            if !orphans.isEmpty { show("ended \(orphans.joined(separator: ", ")), left by a killed supervisor") }
            try await LocalStack(folder: workspace.path).stop()
            show("everything in \(workspace.path) is stopped")
            return 0
        })

    /// Asks, then hurries, then kills.
    private static func endSupervisor(of workspace: Workspace) async throws {
        let steps: [(signal: Int32, limit: Duration)] = [
            (SIGTERM, .seconds(100)), (SIGTERM, .seconds(30)), (SIGKILL, .seconds(5)),
        ]
        for step in steps {
            if let pid = SupervisorLock.holder(of: workspace) { kill(pid, step.signal) }
            do throws(ServerError) {
                return try await poll(step.limit, "switchyard up to end", every: .milliseconds(50)) {
                    !SupervisorLock.isHeld(in: workspace)
                }
            } catch {
                if error.kind == .cancelled || step.signal == SIGKILL { throw error }
            }
        }
    }
}
