import CSeccomp
import Foundation

/// Ways to start a process, and what it does first.
public enum ChildProcess {
    /// What a descriptor of a new process is.
    public enum Source: Sendable {
        /// A copy of this process's descriptor.
        case copy(Int32)
        /// `/dev/null`, for reading.
        case emptyInput
        /// `/dev/null`, for writing.
        case discardedOutput
        /// What it is in this process.
        case inherited
    }

    /// Starts a program in a process group of its own, with default signals; nil when the system has no room for it.
    ///
    /// - Parameters:
    ///   - arguments: Those after the program's name.
    ///   - environment: Each as `NAME=value`.
    ///   - descriptors: The new process's descriptors from 0 on. It has no others.
    public static func spawn(
        _ executable: String, _ arguments: [String], environment: [String], descriptors: [Source]
    ) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        add(descriptors, to: &actions)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // A group of its own: Ctrl-C in a terminal is for the worker, which then drains.
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, executable, &actions, &attributes, &words, &variables) == 0 ? pid : nil
    }

    private static func add(_ descriptors: [Source], to actions: inout posix_spawn_file_actions_t) {
        // Copies first: to open a file may take the place of what is to be copied.
        for (target, source) in descriptors.enumerated() {
            if case .copy(let descriptor) = source {
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
            }
        }
        for (target, source) in descriptors.enumerated() {
            switch source {
            case .emptyInput: posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDONLY, 0)
            case .discardedOutput: posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_WRONLY, 0)
            case .copy, .inherited: break
            }
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, Int32(descriptors.count))
    }

    /// Copies this process, which must have a single thread: 0 in the copy, its pid here, or -1 (fork(2)).
    public static func fork() -> pid_t { sandbox_fork() }

    /// Starts a child in this process's own memory, on a stack of its own, and waits until it has become another program or ended;
    /// answers its pid, or -1. The child must allocate nothing.
    public static func startInPlace(
        stack: UnsafeMutableRawBufferPointer, argument: UnsafeMutableRawPointer,
        _ body: @convention(c) (UnsafeMutableRawPointer?) -> Int32
    ) -> pid_t {
        sandbox_vfork(body, stack.baseAddress?.advanced(by: stack.count), argument)
    }

    /// Has the kernel kill this process when the thread that started it ends (`PR_SET_PDEATHSIG`).
    public static func endWithParent() { sandbox_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL)) }

    /// When the machine runs short, the kernel is to take this process, not its parent. Best effort: some containers
    /// do not allow it, and the limit on address space holds either way.
    public static func offerToOutOfMemoryKiller() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "1000", 4)
        close(file)
    }
}
