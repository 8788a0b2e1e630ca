import Foundation
import Synchronization

/// An executor that owns one thread, so that an actor may block in C without holding up Swift's cooperative pool.
///
/// Give it to an actor as `unownedExecutor`. The thread starts with the executor and ends after `stop()` once every
/// enqueued job has run. Work that is enqueued after the end still runs, on the thread of whoever enqueues it, so that no
/// task that waits for it can hang; it still runs one job at a time.
public final class ThreadExecutor: SerialExecutor {
    /// Who runs the queue. There is at most one runner at any time, which is what makes the executor serial.
    private enum Runner { case thread, guest, nobody }
    private enum Admission { case wake, wait, run }

    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
        var runner = Runner.thread
    }

    private let state = Mutex(State())
    private let wakeup = DispatchSemaphore(value: 0)

    /// Starts a thread with this name (at most 15 bytes are shown by Linux tools).
    public init(name: String, stackSize: Int = 1 << 20) {
        let thread = Thread { [self] in
            Self.nameThread(name)
            runAsThread()
        }
        thread.stackSize = stackSize
        thread.start()
    }

    /// Adds a job to the thread's queue; jobs run in the order in which they were added.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The runtime lends this executor only for as long as the job's actor lives, which may end with this very job.
        let keptAlive = Unmanaged.passRetained(self)
        defer { keptAlive.release() }
        let admission = state.withLock { state -> Admission in
            state.jobs.append(job)
            switch state.runner {
            case .thread: return state.jobs.count == 1 ? .wake : .wait
            case .guest: return .wait
            case .nobody:
                state.runner = .guest
                return .run
            }
        }
        switch admission {
        case .wake: wakeup.signal()
        case .wait: break
        case .run: runAsGuest()
        }
    }

    /// Ends the thread after the jobs that are already in its queue.
    public func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    /// Foundation keeps a thread's name to itself on Linux, so that neither `top` nor a debugger would show it.
    private static func nameThread(_ name: String) {
        guard let file = fopen("/proc/thread-self/comm", "we") else { return }
        fputs(name, file)
        fclose(file)
    }

    private func runAsThread() {
        while let jobs = next(retireIf: { $0.isStopped }) {
            if jobs.isEmpty { wakeup.wait() } else { run(jobs) }
        }
    }

    private func runAsGuest() {
        while let jobs = next(retireIf: { _ in true }) { run(jobs) }
    }

    /// Takes what is queued; nil when that is nothing and the caller has stopped being the runner.
    private func next(retireIf mayRetire: (borrowing State) -> Bool) -> [UnownedJob]? {
        state.withLock { state in
            if state.jobs.isEmpty, mayRetire(state) {
                state.runner = .nobody
                return nil
            }
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    private func run(_ jobs: [UnownedJob]) {
        let executor = asUnownedSerialExecutor()
        for job in jobs { job.runSynchronously(on: executor) }
    }
}
