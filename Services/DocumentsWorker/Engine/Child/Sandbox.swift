import CSeccomp
import Foundation

/// What the kernel keeps a child from doing: limits on resources, and a filter on system calls.
///
/// Both survive `execve`, so they hold for `pdftotext` as for our own parsers. The filter allows by default: an allowed
/// list would break with the next version of poppler or of the C library, while what a parser must never do is known.
struct Sandbox {
    /// Refused with `EPERM`. The names that this kernel or library does not know are skipped.
    private static let refused = [
        // Network
        "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
        "recvfrom", "recvmsg", "recvmmsg", "setsockopt",
        // Other processes
        "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill", "pidfd_open", "pidfd_getfd",
        "pidfd_send_signal", "fork", "vfork", "clone", "clone3", "setpgid", "setsid", "prlimit64", "setrlimit",
        // Files: it may read, nothing else
        "creat", "truncate", "ftruncate", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
        "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "chown",
        "fchown", "lchown", "fchownat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "memfd_create", "openat2",
        // The system
        "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "fsopen", "fsmount", "move_mount", "open_tree",
        "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl",
        "add_key", "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
        "reboot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday", "clock_settime", "quotactl",
        "acct", "syslog", "personality", "mq_open", "shmget", "semget", "msgget",
    ]
    private static let permissionDenied: UInt32 = 0x0005_0000 | UInt32(EPERM)

    private let filter: scmp_filter_ctx?

    /// Builds the filter once, in the helper; a child only loads it. A nil filter makes every child refuse to start.
    init() {
        guard let filter = seccomp_init(SCMP_ACT_ALLOW) else {
            self.filter = nil
            return
        }
        for name in Self.refused {
            let number = seccomp_syscall_resolve_name(name)
            guard number >= 0 else { continue }
            guard seccomp_rule_add_array(filter, Self.permissionDenied, number, 0, nil) == 0 else {
                self.filter = nil
                return
            }
        }
        for (name, argument) in [("open", UInt32(1)), ("openat", 2)] {
            for flag in [UInt64(O_WRONLY), UInt64(O_RDWR)] {
                let number = seccomp_syscall_resolve_name(name)
                var rule = scmp_arg_cmp(
                    arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(O_ACCMODE), datum_b: flag)
                guard seccomp_rule_add_array(filter, Self.permissionDenied, number, 1, &rule) == 0 else {
                    self.filter = nil
                    return
                }
            }
        }
        self.filter = filter
    }

    /// Confines this process for good; false when any part could not be set, and then nothing may be parsed.
    func enter(_ request: ChildRequest) -> Bool {
        guard let filter,
            Self.limit(RLIMIT_AS, request.memoryBytes),
            // The soft limit sends SIGXCPU, which tells this end from others; the hard one is for who ignores it.
            Self.limit(RLIMIT_CPU, request.cpuSeconds, hard: request.cpuSeconds + 1),
            Self.limit(RLIMIT_NOFILE, request.openFiles),
            Self.limit(RLIMIT_FSIZE, request.writtenBytes),
            Self.limit(RLIMIT_CORE, 0),
            sandbox_prctl(PR_SET_NO_NEW_PRIVS, 1) == 0
        else { return false }
        // A child may signal itself, as abort() does, and nobody else.
        guard let number = Optional(seccomp_syscall_resolve_name("tgkill")), number >= 0 else { return false }
        var rule = scmp_arg_cmp(arg: 0, op: SCMP_CMP_NE, datum_a: UInt64(getpid()), datum_b: 0)
        guard seccomp_rule_add_array(filter, Self.permissionDenied, number, 1, &rule) == 0 else { return false }
        return seccomp_load(filter) == 0
    }

    private static func limit(_ resource: __rlimit_resource, _ value: Int, hard: Int? = nil) -> Bool {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(hard ?? value))
        return setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
    }
}
