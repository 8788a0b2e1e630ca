import CSeccomp
import Foundation

/// What the kernel keeps a child from doing: limits on resources, and a filter on system calls.
///
/// Both survive `execve`, so they hold for `pdftotext` as for our own parsers. The filter allows by default: an allowed
/// list would break with the next version of poppler or of the C library, while what a parser must never do is known.
public struct Sandbox {
    /// What the confined process goes on with.
    public enum Program: Sendable {
        /// The code of this executable.
        case own
        /// Another program, by `execve`.
        case other
    }

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

    /// Stands for the child's own pid in the compiled filter.
    private static let ownPid: UInt32 = 0x7A5E_C0DE

    private static let execution = ["execve", "execveat"]

    private let pidPlaces: [Int]
    /// Allocated once, for the life of the process.
    private let program: UnsafeMutableBufferPointer<sock_filter>

    /// Compiles the filter, once for many children where they are forked: it costs as much as a short document does.
    /// Without a filter `enter` refuses.
    ///
    /// - Parameter allowsExecution: Whether the confined process may become another program.
    public init(allowsExecution: Bool = true) {
        let compiled = Self.compile(Self.refused + (allowsExecution ? [] : Self.execution)) ?? []
        program = .allocate(capacity: compiled.count)
        _ = program.initialize(from: compiled)
        pidPlaces = compiled.indices.filter { compiled[$0].k == Self.ownPid }
    }

    private static func compile(_ refused: [String]) -> [sock_filter]? {
        guard let filter = seccomp_init(SCMP_ACT_ALLOW) else { return nil }
        defer { seccomp_release(filter) }
        // A binary tree: fewer comparisons for each call than a list.
        guard seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0,
            refused.allSatisfy({ refuse($0, in: filter) }),
            ["open", "openat"].enumerated().allSatisfy({ index, name in
                [O_WRONLY, O_RDWR].allSatisfy { flag in
                    let writes = scmp_arg_cmp(
                        arg: UInt32(index + 1), op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(O_ACCMODE),
                        datum_b: UInt64(flag))
                    return refuse(name, when: writes, in: filter)
                }
            }),
            // A child may signal itself, as abort() does, and nobody else.
            refuse(
                "tgkill", when: scmp_arg_cmp(arg: 0, op: SCMP_CMP_NE, datum_a: UInt64(ownPid), datum_b: 0), in: filter)
        else { return nil }
        return exported(filter)
    }

    private static func refuse(_ name: String, when condition: scmp_arg_cmp? = nil, in filter: scmp_filter_ctx) -> Bool
    {
        let number = seccomp_syscall_resolve_name(name)
        // Unknown to this library, so it cannot be named in a filter.
        guard number != __NR_SCMP_ERROR else { return condition == nil }
        guard var condition else { return seccomp_rule_add_array(filter, permissionDenied, number, 0, nil) == 0 }
        return seccomp_rule_add_array(filter, permissionDenied, number, 1, &condition) == 0
    }

    private static func exported(_ filter: scmp_filter_ctx) -> [sock_filter]? {
        let file = memfd_create("filter", UInt32(sandbox_mfd_cloexec))
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard seccomp_export_bpf(filter, file) == 0 else { return nil }
        let size = Int(lseek(file, 0, SEEK_END))
        let program = [sock_filter](unsafeUninitializedCapacity: size / MemoryLayout<sock_filter>.stride) {
            buffer, count in
            let read = pread(file, buffer.baseAddress, size, 0)
            count = read == size ? buffer.count : 0
        }
        return program.isEmpty ? nil : program
    }

    /// Confines this process for good, without allocating; false when any part could not be set, and then nothing may be parsed.
    public func enter(_ limits: SandboxLimits, for next: Program = .own) -> Bool {
        guard !program.isEmpty,
            Self.limit(RLIMIT_AS, Self.addressSpace(limits, next)),
            // The soft limit sends SIGXCPU, which tells this end from others; the hard one is for who ignores it.
            Self.limit(RLIMIT_CPU, limits.cpuSeconds, hard: limits.cpuSeconds + 1),
            Self.limit(RLIMIT_NOFILE, limits.openFiles),
            Self.limit(RLIMIT_FSIZE, limits.writtenBytes),
            Self.limit(RLIMIT_CORE, 0),
            sandbox_prctl(PR_SET_NO_NEW_PRIVS, 1) == 0
        else { return false }
        // A child that shares the helper's memory writes its pid over that of the one before.
        let pid = UInt32(getpid())
        for place in pidPlaces { program[place].k = pid }
        return sandbox_load(program.baseAddress, UInt16(program.count)) == 0
    }

    private static func addressSpace(_ limits: SandboxLimits, _ next: Program) -> Int {
        #if ADDRESS_SANITIZED
            // The sanitizer has mapped terabytes of shadow before this line: under any limit nothing could be mapped.
            if next == .own { return Int.max }
        #endif
        return limits.memoryBytes
    }

    private static func limit(_ resource: __rlimit_resource, _ value: Int, hard: Int? = nil) -> Bool {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(hard ?? value))
        return setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
    }
}
