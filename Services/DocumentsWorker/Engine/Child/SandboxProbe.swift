import CSeccomp
import Foundation

/// Tries what the sandbox must refuse, so that a worker can refuse to start on a system where it does not hold.
enum SandboxProbe {
    static func run() -> Never {
        var holes: [String] = []
        func mustFail(_ name: String, _ result: Int32) {
            if result >= 0 || errno != EPERM { holes.append(name) }
        }
        mustFail("socket", socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        mustFail("socket(unix)", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        mustFail("kill", kill(getppid(), 0))
        mustFail("fork", sandbox_fork())
        mustFail("open for writing", open("/dev/null", O_WRONLY))
        mustFail("create", open("/tmp/switchyard-probe", O_CREAT | O_RDWR, 0o600))
        mustFail("unlink", unlink("/tmp/switchyard-probe"))
        mustFail("mount", mount("none", "/", "tmpfs", 0, nil))
        if sandbox_prctl(PR_GET_NO_NEW_PRIVS, 0) != 1 { holes.append("no_new_privs") }
        let report = holes.joined(separator: ", ")
        _ = report.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
        _exit(0)
    }
}
