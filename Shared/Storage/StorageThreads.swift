import Concurrency
import Synchronization

/// A few threads that files take in turn; they end with the store's last copy.
final class StorageThreads: Sendable {
    private let executors: [ThreadExecutor]
    private let turn = Atomic<Int>(0)

    init(count: Int) {
        executors = (0..<max(count, 1)).map { ThreadExecutor(name: "storage-\($0)", stackSize: 256 << 10) }
    }

    deinit {
        for executor in executors { executor.stop() }
    }

    func next() -> ThreadExecutor {
        let (turn, _) = turn.wrappingAdd(1, ordering: .relaxed)
        return executors[Int(UInt(bitPattern: turn) % UInt(executors.count))]
    }
}
