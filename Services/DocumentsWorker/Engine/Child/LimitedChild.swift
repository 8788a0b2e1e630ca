import CSeccomp
import Foundation

/// The process that reads one document; it never returns to the helper's code.
enum LimitedChild {
    /// How a child that runs our own code ends; `pdftotext` has codes of its own, all under 100.
    enum ExitCode {
        static let sandboxRefused: Int32 = 120
        static let outOfMemory: Int32 = 121
        static let missingProgram: Int32 = 127
    }

    static func run(_ request: ChildRequest, _ descriptors: [Int32], _ sandbox: Sandbox, helper: pid_t) -> Never {
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        setpgid(0, 0)
        sandbox_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
        // The helper may have died before the line above.
        guard getppid() == helper else { _exit(0) }
        for (target, descriptor) in descriptors.enumerated() { dup2(descriptor, Int32(target)) }
        closefrom(3)
        offerToOutOfMemoryKiller()
        guard sandbox.enter(request) else { _exit(ExitCode.sandboxRefused) }
        switch request.mode {
        case .pdfText:
            let pages = ["-f", "\(request.firstPage)"] + (request.lastPage > 0 ? ["-l", "\(request.lastPage)"] : [])
            become("/usr/bin/pdftotext", ["-enc", "UTF-8", "-eol", "unix", "-htmlmeta"] + pages + ["/dev/stdin", "-"])
        case .pdfInfo:
            become("/usr/bin/pdfinfo", ["/dev/stdin"])
        case .parse:
            DocumentParser.run(request)
        case .probe:
            SandboxProbe.run()
        }
    }

    /// When the machine runs short, the kernel is to take the document, not the worker. Best effort: some containers
    /// do not allow it, and the limit on address space holds either way.
    private static func offerToOutOfMemoryKiller() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "1000", 4)
        close(file)
    }

    /// The document is standard input, so no name from outside reaches a command line.
    private static func become(_ path: String, _ arguments: [String]) -> Never {
        var vector: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("LC_ALL=C.UTF-8"), strdup("TZ=UTC"), nil]
        execve(path, &vector, &environment)
        _exit(ExitCode.missingProgram)
    }
}
