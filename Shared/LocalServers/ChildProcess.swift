import CSpawn
import Foundation

/// Starts programs, with everything that a long-lived child must not inherit taken away.
public enum ChildProcess {
    /// A program and what it is given.
    public struct Launch: Sendable {
        /// The executable's absolute path.
        public var executable: String
        /// The arguments after the program's name.
        public var arguments: [String]
        /// The whole environment; nothing is inherited.
        public var environment: [String: String]
        /// The working folder; the parent's own when nil.
        public var directory: String?
        /// The descriptor that becomes standard output.
        public var output: Int32
        /// The descriptor that becomes standard error; `output` when nil.
        public var errors: Int32?
        /// Whether the child leads a session of its own, which no terminal can interrupt; otherwise a process group.
        public var isSessionLeader: Bool
        /// A descriptor that the child finds as its descriptor 3.
        public var extra: Int32?

        /// Makes a launch.
        public init(
            _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
            directory: String? = nil, output: Int32 = -1, errors: Int32? = nil, isSessionLeader: Bool = false,
            extra: Int32? = nil
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
            self.output = output
            self.errors = errors
            self.isSessionLeader = isSessionLeader
            self.extra = extra
        }
    }

    /// What a program that ran to its end left behind.
    public struct Outcome: Sendable {
        /// The exit status; 128 and the signal's number when a signal ended it, as shells count.
        public let status: Int32
        /// What it wrote to standard output, up to 1 MiB.
        public let output: String
        /// What it wrote to standard error, up to 1 MiB.
        public let errors: String
    }

    /// Starts a program and answers its process id, which is also the id of its process group.
    ///
    /// Its standard input is empty, descriptors above the given ones are closed, and no signal is blocked or ignored.
    public static func spawn(_ launch: Launch) throws(ServerError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, launch.output, 1)
        posix_spawn_file_actions_adddup2(&actions, launch.errors ?? 1, 2)
        if let extra = launch.extra { posix_spawn_file_actions_adddup2(&actions, extra, 3) }
        posix_spawn_file_actions_addclosefrom_np(&actions, launch.extra == nil ? 3 : 4)
        if let directory = launch.directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let group = launch.isSessionLeader ? SPAWN_NEW_SESSION : Int16(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | group)

        var arguments = ([launch.executable] + launch.arguments).map { strdup($0) } + [nil]
        var environment = launch.environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, launch.executable, &actions, &attributes, &arguments, &environment)
        guard code == 0 else {
            throw ServerError(.system, "cannot start \(launch.executable): \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Runs a program to its end; after `limit`, or when the task is cancelled, its process group is killed.
    ///
    /// The launch's `output` and `errors` are not used: what the program writes is collected.
    public static func run(_ launch: Launch, limit: Duration) async throws(ServerError) -> Outcome {
        // Files in memory instead of pipes: nothing has to read while the program runs, and it cannot block.
        let (collected, errors) = (
            memfd_create("output", MEMFD_CLOSE_ON_EXEC), memfd_create("errors", MEMFD_CLOSE_ON_EXEC)
        )
        defer {
            close(collected)
            close(errors)
        }
        guard collected >= 0, errors >= 0 else {
            throw ServerError(.system, "cannot make a file in memory: \(lastSystemError())")
        }
        var launch = launch
        launch.output = collected
        launch.errors = errors
        let pid = try spawn(launch)
        var status: Int32 = 0
        do {
            try await poll(limit, "\(launch.executable) to end", every: .milliseconds(5)) {
                let result = waitpid(pid, &status, WNOHANG)
                return result == pid || (result < 0 && errno != EINTR)
            }
        } catch {
            kill(-pid, SIGKILL)
            waitpid(pid, &status, 0)
            throw error
        }
        return Outcome(status: exitCode(status), output: contents(of: collected), errors: contents(of: errors))
    }

    /// Starts a program that outlives the call, and takes its end from the kernel when it comes, so that it is never a zombie.
    public static func spawnServer(_ launch: Launch) throws(ServerError) -> Int32 {
        let pid = try spawn(launch)
        let thread = Thread {
            while waitpid(pid, nil, 0) < 0, errno == EINTR {}
        }
        // With room for what libraries keep for each thread (OpenBLAS 60 KiB): a thread that does not fit is not started, and nobody is told.
        thread.stackSize = 256 << 10
        thread.start()
        return pid
    }

    /// Turns the status of `waitpid` into what a shell would show.
    public static func exitCode(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func contents(of descriptor: Int32, limit: Int = 1 << 20) -> String {
        var bytes = [UInt8](repeating: 0, count: limit)
        var used = 0
        while used < limit {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: used), limit - used, off_t(used))
            }
            guard count > 0 else { break }
            used += count
        }
        return String(decoding: bytes[..<used], as: UTF8.self)
    }
}

/// The text of the last system call's error.
public func lastSystemError() -> String { String(cString: strerror(errno)) }

/// Asks again and again until `condition` holds.
///
/// Processes that are not children of ours, and the files in which PostgreSQL shows its state, cannot be waited for otherwise.
public func poll(
    _ limit: Duration, _ what: @autoclosure () -> String, every interval: Duration = .milliseconds(20),
    until condition: () throws(ServerError) -> Bool
) async throws(ServerError) {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw ServerError(.timedOut, "waited \(limit) for \(what())") }
        do { try await Task.sleep(for: interval) } catch {
            throw ServerError(.cancelled, "cancelled while waiting for \(what())")
        }
    }
}
