import Concurrency
import Foundation
import Synchronization
import Testing

/// An actor on a thread of its own, with a deliberately unprotected list to see what ran.
private actor Recorder {
    private let executor: ThreadExecutor
    private(set) var seen: [Int] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: ThreadExecutor) { self.executor = executor }

    func record(_ value: Int) { seen.append(value) }

    func threadName() -> String {
        guard let file = fopen("/proc/thread-self/comm", "r") else { return "" }
        defer { fclose(file) }
        var name = [UInt8](repeating: 0, count: 32)
        let count = fread(&name, 1, name.count, file)
        return String(decoding: name[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
    }

    func threadID() -> UInt { UInt(pthread_self()) }

    /// Counts how many threads are in the actor together, which must never be more than one.
    func enter(_ concurrent: SharedCount) {
        concurrent.enter()
        seen.append(0)
        concurrent.leave()
    }
}

private final class SharedCount: Sendable {
    private let now = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    func enter() {
        let inside = now.wrappingAdd(1, ordering: .relaxed).newValue
        highest.max(inside, ordering: .relaxed)
        sched_yield()
    }

    func leave() { now.wrappingSubtract(1, ordering: .relaxed) }

    var most: Int { highest.load(ordering: .relaxed) }
}

@Suite struct ThreadExecutorTests {
    @Test func runsOnItsOwnThread() async {
        let first = ThreadExecutor(name: "first")
        let second = ThreadExecutor(name: "second")
        defer {
            first.stop()
            second.stop()
        }
        let one = Recorder(first)
        let other = Recorder(second)
        #expect(await one.threadName() == "first")
        #expect(await other.threadName() == "second")
        let ids = await (one.threadID(), one.threadID(), other.threadID())
        #expect(ids.0 == ids.1)
        #expect(ids.0 != ids.2)
    }

    @Test func keepsTheOrderOfOneCaller() async {
        let executor = ThreadExecutor(name: "order")
        defer { executor.stop() }
        let recorder = Recorder(executor)
        for value in 0..<1000 { await recorder.record(value) }
        #expect(await recorder.seen == Array(0..<1000))
    }

    @Test func runsWhatManyTasksEnqueue() async {
        let executor = ThreadExecutor(name: "many")
        defer { executor.stop() }
        let recorder = Recorder(executor)
        await withTaskGroup { group in
            for value in 0..<2000 { group.addTask { await recorder.record(value) } }
        }
        #expect(await recorder.seen.sorted() == Array(0..<2000))
    }

    @Test func blockingOneThreadDoesNotHoldUpAnother() async {
        let blocked = ThreadExecutor(name: "blocked")
        let free = ThreadExecutor(name: "free")
        defer {
            blocked.stop()
            free.stop()
        }
        let gate = DispatchSemaphore(value: 0)
        let blocker = Blocker(blocked)
        async let waiting: Void = blocker.block(on: gate)
        // This would never return if the two shared a thread, and the gate would stay closed.
        #expect(await Recorder(free).threadName() == "free")
        gate.signal()
        await waiting
    }

    @Test func runsWorkAfterTheStopOnTheCallersThread() async {
        let executor = ThreadExecutor(name: "stopped")
        let recorder = Recorder(executor)
        await recorder.record(1)
        executor.stop()
        for value in 2...100 { await recorder.record(value) }
        #expect(await recorder.seen == Array(1...100))
    }

    @Test func staysSerialAfterTheStop() async {
        for _ in 0..<20 {
            let executor = ThreadExecutor(name: "serial")
            let recorder = Recorder(executor)
            let count = SharedCount()
            await withTaskGroup { group in
                for index in 0..<200 {
                    if index == 20 { executor.stop() }
                    group.addTask { await recorder.enter(count) }
                }
            }
            #expect(count.most == 1)
            #expect(await recorder.seen.count == 200)
        }
    }
}

private actor Blocker {
    private let executor: ThreadExecutor

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: ThreadExecutor) { self.executor = executor }

    func block(on gate: DispatchSemaphore) { gate.wait() }
}
