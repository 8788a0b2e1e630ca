import Synchronization

/// Runs items together that arrive while an earlier batch is in flight.
///
/// There is no timer: an item that finds the batcher idle runs at once and alone; under load, batches form from whatever waits.
/// This is what lets many concurrent requests share one commit without adding delay to a single one.
public final class Batcher<Item: Sendable, Output: Sendable>: Sendable {
    private enum Admission { case start, wait, overflow }
    private typealias Waiter = (item: Item, continuation: CheckedContinuation<Output, any Error>)

    private struct State {
        var waiting: [Waiter] = []
        var running = 0
    }

    private let maxBatch: Int
    private let maxWaiting: Int
    private let concurrency: Int
    private let run: @Sendable ([Item]) async throws -> [Output]
    private let state = Mutex(State())

    /// Makes a batcher over `run`, which answers one output per item, in the items' order.
    ///
    /// - Parameters:
    ///   - maxBatch: the most items of one batch.
    ///   - maxWaiting: how many items may wait; beyond it `submit` throws `BatcherOverflow` at once.
    ///   - concurrency: how many batches may be in flight together. More than one gives up the order between batches.
    ///   - run: its error goes to every item of the batch. It must bound its own waits.
    public init(
        maxBatch: Int, maxWaiting: Int, concurrency: Int = 1,
        run: @escaping @Sendable ([Item]) async throws -> [Output]
    ) {
        self.maxBatch = maxBatch
        self.maxWaiting = maxWaiting
        self.concurrency = concurrency
        self.run = run
    }

    /// How many items wait for a batch that has not begun; a measure of load.
    public var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits until the item's batch has run and answers the item's own output.
    public func submit(_ item: Item) async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            let admission = state.withLock { state -> Admission in
                guard state.waiting.count < maxWaiting else { return .overflow }
                state.waiting.append((item, continuation))
                guard state.running < concurrency else { return .wait }
                state.running += 1
                return .start
            }
            switch admission {
            case .start: Task { await drain() }
            case .wait: break
            case .overflow: continuation.resume(throwing: BatcherOverflow(limit: maxWaiting))
            }
        }
    }

    private func drain() async {
        while let batch = next() {
            do {
                let outputs = try await run(batch.map(\.item))
                precondition(outputs.count == batch.count, "a batch answers one output per item")
                for (waiter, output) in zip(batch, outputs) { waiter.continuation.resume(returning: output) }
            } catch {
                for waiter in batch { waiter.continuation.resume(throwing: error) }
            }
        }
    }

    private func next() -> [Waiter]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            guard state.waiting.count > maxBatch else {
                defer { state.waiting.removeAll(keepingCapacity: true) }
                return state.waiting
            }
            defer { state.waiting.removeFirst(maxBatch) }
            return Array(state.waiting.prefix(maxBatch))
        }
    }
}

/// More items wait for a batch than its limit allows: the caller should shed load.
public struct BatcherOverflow: Error, CustomStringConvertible {
    /// The limit that was reached.
    public let limit: Int

    /// Makes the error.
    public init(limit: Int) { self.limit = limit }

    /// A sentence for people.
    public var description: String { "more than \(limit) items wait for the database" }
}
