import Concurrency
import Synchronization
import Testing

private final class Produced: Sendable {
    let count = Atomic<Int>(0)
}

@Suite struct WakeupTests {
    /// Far longer than any test takes: reaching it means that a signal was lost.
    private let forever = Duration.seconds(600)

    @Test(.timeLimit(.minutes(1)))
    func keepsASignalThatComesBeforeTheWait() async {
        let wakeup = Wakeup()
        wakeup.signal()
        await wakeup.wait(upTo: forever)
    }

    @Test(.timeLimit(.minutes(1)))
    func wakesAWaiter() async {
        let wakeup = Wakeup()
        let waiter = Task { await wakeup.wait(upTo: .seconds(600)) }
        wakeup.signal()
        await waiter.value
    }

    @Test(.timeLimit(.minutes(1)))
    func countsManySignalsAsOne() async {
        let wakeup = Wakeup()
        for _ in 0..<5 { wakeup.signal() }
        await wakeup.wait(upTo: forever)
        // The other four are gone: this wait takes its whole time.
        let start = ContinuousClock.now
        await wakeup.wait(upTo: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test(.timeLimit(.minutes(1)))
    func returnsWhenTheTimeIsUp() async {
        let wakeup = Wakeup()
        let start = ContinuousClock.now
        await wakeup.wait(upTo: .milliseconds(20))
        // The bound is a promise of the function: it does not come back early without a signal.
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test(.timeLimit(.minutes(1)))
    func returnsWhenTheTaskIsCancelled() async {
        let wakeup = Wakeup()
        for _ in 0..<500 {
            let waiter = Task { await wakeup.wait(upTo: .seconds(600)) }
            waiter.cancel()
            await waiter.value
        }
        let cancelledBefore = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await wakeup.wait(upTo: .seconds(600))
        }
        await cancelledBefore.value
    }

    @Test(.timeLimit(.minutes(1)))
    func losesNoSignalOfManyThreads() async {
        let wakeup = Wakeup()
        let produced = Produced()
        let total = 20_000
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<(total / 4) {
                        produced.count.wrappingAdd(1, ordering: .sequentiallyConsistent)
                        wakeup.signal()
                    }
                }
            }
            group.addTask {
                // Ends only if the wait after the last look always sees the last signal.
                while produced.count.load(ordering: .sequentiallyConsistent) < total {
                    await wakeup.wait(upTo: .seconds(600))
                }
            }
        }
        #expect(produced.count.load(ordering: .relaxed) == total)
    }

    @Test(.timeLimit(.minutes(1)))
    func aLateTimerDoesNotUndoACancellation() async {
        let wakeup = Wakeup()
        for _ in 0..<300 {
            // Timers of these waits end at about the time when the next one is cancelled.
            await wakeup.wait(upTo: .microseconds(1))
            let waiter = Task { await wakeup.wait(upTo: .seconds(600)) }
            waiter.cancel()
            await waiter.value
        }
    }
}
