import Concurrency
import Foundation
import LocalServers
import Synchronization

/// A process of ours that is started again whenever it ends, until it is stopped.
///
/// It dies with the supervisor: `setpriv` has the kernel send it SIGTERM when the thread that started it ends, so all are started
/// from one thread that lives as long as the process. (`posix_spawn` cannot set this itself.) The kernel may send the signal more
/// than once while the supervisor's other threads end. What even that misses, the next `up` or `stop` finds by the pid files.
final class Service: Sendable {
    private struct State {
        var pid: Int32?
        var isStopping = false
        /// How often it ended by itself in a row, and how the last time.
        var failures = 0
        var lastEnd = ""
    }

    let name: String
    /// Where its `/readyz` is.
    let url: String
    private let executable: String
    private let environment: [String: String]
    private let workspace: Workspace
    /// Where this supervisor's part of the log begins.
    private let logStart: Int
    private let state = Mutex(State())
    private let wakeup = Wakeup()

    init(
        name: String, executable: String, url: String, environment: [String: String], workspace: Workspace
    ) throws(ServerError) {
        self.name = name
        self.executable = executable
        self.url = url
        self.environment = environment
        self.workspace = workspace
        let log = try workspace.openLog(name)
        defer { close(log) }
        logStart = Int(lseek(log, 0, SEEK_END))
    }

    /// The last lines that it wrote since this supervisor began.
    var logTail: String { tail(of: workspace.log(name), from: logStart) }

    /// Why one should not wait for it any longer: it has ended five times without being up for long.
    var failure: String? { state.withLock { $0.failures >= 5 ? "\($0.lastEnd), \($0.failures) times" : nil } }

    /// Keeps the process running; returns after `stop`, when it has ended.
    func run(report: @Sendable (String) -> Void) async {
        let backoff = Backoff(base: .milliseconds(200), factor: 2, cap: .seconds(10))
        while !state.withLock({ $0.isStopping }) {
            let start = ContinuousClock.now
            let reason = await runOnce()
            let failures = state.withLock { state in
                state.failures = ContinuousClock.now - start > .seconds(30) ? 1 : state.failures + 1
                state.lastEnd = reason
                return state.isStopping ? nil : state.failures
            }
            guard let failures else { return }
            let delay = backoff.delay(afterFailures: failures)
            report(
                "\(name) \(reason); it starts again in \(delay.formatted(.units(allowed: [.seconds, .milliseconds])))")
            await wakeup.wait(upTo: delay)
        }
    }

    /// Asks the process to end; after `limit` it is killed. `run` returns when it has ended.
    func stop(within limit: Duration) {
        state.withLock { state in
            state.isStopping = true
            if let pid = state.pid { kill(pid, SIGTERM) }
        }
        wakeup.signal()
        Task {
            do { try await Task.sleep(for: limit) } catch { return }
            hurry()
        }
    }

    /// Kills the process and what it started.
    func hurry() {
        state.withLock { state in
            if let pid = state.pid { kill(-pid, SIGKILL) }
        }
    }

    private func runOnce() async -> String {
        do throws(ServerError) {
            let log = try workspace.openLog(name)
            defer { close(log) }
            let launch = ChildProcess.Launch(
                "/usr/bin/setpriv", ["--pdeathsig", "TERM", "--", executable], environment: environment, output: log)
            let pid = try await Spawner.shared.spawn(launch)
            state.withLock { state in
                state.pid = pid
                // Asked to stop while it started: nobody else has told it.
                if state.isStopping { kill(pid, SIGTERM) }
            }
            do throws(ServerError) {
                try workspace.pidFile(name).write(pid)
                try writeFile(workspace.urlFile(name), url + "\n", mode: 0o644)
            } catch {
                // One that nobody can find must not stay: it would hold the port against the next.
                hurry()
                _ = await ended(pid)
                throw error
            }
            let status = await ended(pid)
            workspace.pidFile(name).remove()
            unlink(workspace.urlFile(name))
            return status > 128 ? "was killed by signal \(status - 128)" : "ended with status \(status)"
        } catch {
            return "could not be started (\(error.message))"
        }
    }

    /// Waits for the process's end on a thread of its own and ends what it left in its process group.
    private func ended(_ pid: Int32) async -> Int32 {
        await onThread { [self] in
            var information = siginfo_t()
            // Not collected yet, so that the id stays taken until nobody can send it a signal any more.
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            return state.withLock { state in
                kill(-pid, SIGKILL)
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                state.pid = nil
                return ChildProcess.exitCode(status)
            }
        }
    }
}

/// Starts processes from one thread that never ends before this process does.
actor Spawner {
    static let shared = Spawner()
    private let executor = ThreadExecutor(name: "spawner")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func spawn(_ launch: ChildProcess.Launch) throws(ServerError) -> Int32 { try ChildProcess.spawn(launch) }
}

/// Runs blocking work on a thread of its own.
func onThread<Output: Sendable>(_ body: @escaping @Sendable () -> Output) async -> Output {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        thread.stackSize = 256 << 10
        thread.start()
    }
}
