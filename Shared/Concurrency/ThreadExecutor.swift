import Foundation
import Synchronization

/// An executor that owns one thread, so that an actor may block in C without holding up Swift's cooperative pool.
///
/// Give it to an actor as `unownedExecutor`. The thread starts with the executor and ends after `stop()` once every
/// enqueued job has run. Work that is enqueued after `stop()` still runs, on the thread of whoever enqueues it, so that no
/// task that waits for it can hang.
public final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeup = DispatchSemaphore(value: 0)

    /// Starts a thread with this name (at most 15 bytes are shown by Linux tools).
    public init(name: String, stackSize: Int = 1 << 20) {
        let thread = Thread { [self] in drain() }
        thread.name = name
        thread.stackSize = stackSize
        thread.start()
    }

    /// Adds a job to the thread's queue; jobs run in the order in which they were added.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let accepted = state.withLock { state in
            guard !state.isStopped else { return false }
            state.jobs.append(job)
            return true
        }
        if accepted {
            wakeup.signal()
        } else {
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }

    /// Ends the thread after the jobs that are already in its queue.
    public func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    private func drain() {
        let executor = asUnownedSerialExecutor()
        while true {
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job.runSynchronously(on: executor) }
            if jobs.isEmpty {
                if isStopped { return }
                wakeup.wait()
            }
        }
    }
}
