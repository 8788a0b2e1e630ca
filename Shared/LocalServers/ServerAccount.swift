import Foundation

/// The unprivileged account under which a server runs when this process is root; otherwise the process's own.
struct ServerAccount: Sendable {
    let name: String
    private let ids: (user: uid_t, group: gid_t)?

    /// The first of these accounts that exists. Debian's packages make one for each server.
    init(preferred: String) {
        guard getuid() == 0 else {
            name = NSUserName()
            ids = nil
            return
        }
        let entry = getpwnam(preferred) ?? getpwnam("nobody")
        name = entry == nil ? "65534" : entry?.pointee.pw_name.map { String(cString: $0) } ?? preferred
        ids = (entry?.pointee.pw_uid ?? 65_534, entry?.pointee.pw_gid ?? 65_534)
    }

    /// The launch that runs the same program under this account. `setpriv` replaces itself, so the pid is the program's own.
    func launch(_ launch: ChildProcess.Launch) -> ChildProcess.Launch {
        guard let ids else { return launch }
        var result = launch
        result.executable = "/usr/bin/setpriv"
        result.arguments =
            ["--reuid=\(ids.user)", "--regid=\(ids.group)", "--clear-groups", "--", launch.executable]
            + launch.arguments
        return result
    }

    /// Makes the account the owner of a file or folder, not of what is in it.
    func own(_ path: String) throws(ServerError) {
        guard let ids else { return }
        guard chown(path, ids.user, ids.group) == 0 else {
            throw ServerError(.folder, "cannot give \(path) to \(name): \(lastSystemError())")
        }
    }

    /// Whether the account may go through every folder on the way.
    func canReach(_ folder: String) async throws(ServerError) -> Bool {
        if ids == nil { return true }
        let test = ChildProcess.Launch("/usr/bin/test", ["-x", folder])
        return try await ChildProcess.run(launch(test), limit: .seconds(10)).status == 0
    }
}
