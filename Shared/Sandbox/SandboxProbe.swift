import CSeccomp
import Foundation

/// Tries what the sandbox must refuse, so that a worker can refuse to start on a system where it does not hold.
public enum SandboxProbe {
    /// The names of what this process may do although it must not; empty where the sandbox holds.
    ///
    /// - Parameter allowsExecution: Whether the sandbox lets the process become another program.
    public static func holes(allowsExecution: Bool = true) -> [String] {
        // Without a filter the attempts below would succeed, and some of them do harm.
        guard sandbox_prctl(PR_GET_SECCOMP, 0) == Int32(SECCOMP_MODE_FILTER) else { return ["seccomp"] }
        var holes: [String] = []
        func mustFail(_ name: String, _ result: Int32) {
            if result >= 0 || errno != EPERM { holes.append(name) }
        }
        mustFail("socket", socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        mustFail("socket(unix)", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        mustFail("kill", kill(getppid(), 0))
        let child = sandbox_fork()
        if child == 0 { _exit(0) }
        mustFail("fork", child)
        mustFail("open for writing", open("/dev/null", O_WRONLY))
        mustFail("create", open("/tmp/switchyard-probe", O_CREAT | O_RDWR, 0o600))
        mustFail("unlink", unlink("/tmp/switchyard-probe"))
        mustFail("mount", mount("none", "/", "tmpfs", 0, nil))
        if !allowsExecution {
            var arguments: [UnsafeMutablePointer<CChar>?] = [nil]
            // A file that cannot be run, so that a hole shows as another error.
            mustFail("execve", execve("/dev/null", &arguments, &arguments))
        }
        if sandbox_prctl(PR_GET_NO_NEW_PRIVS, 0) != 1 { holes.append("no_new_privs") }
        return holes
    }
}
