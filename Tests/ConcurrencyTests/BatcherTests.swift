import Concurrency
import Synchronization
import Testing

/// The batches that ran, as a batcher's work saw them.
private final class Batches: Sendable {
    private let batches = Mutex<[[Int]]>([])

    func add(_ batch: [Int]) { batches.withLock { $0.append(batch) } }

    var all: [[Int]] { batches.withLock { $0 } }
}

private struct Refused: Error, Equatable {}

@Suite struct BatcherTests {
    @Test func givesEachItemItsOwnOutput() async throws {
        let batcher = Batcher<Int, String>(maxBatch: 7, maxWaiting: 1000) { items in items.map { "<\($0)>" } }
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for item in 0..<500 { group.addTask { (item, try await batcher.submit(item)) } }
            for try await (item, output) in group { #expect(output == "<\(item)>") }
        }
    }

    @Test func runsAnItemAloneWhenIdle() async throws {
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 10, maxWaiting: 10) { items in
            batches.add(items)
            return items
        }
        for item in 0..<5 { _ = try await batcher.submit(item) }
        #expect(batches.all == [[0], [1], [2], [3], [4]])
    }

    @Test func gathersWhatComesWhileABatchIsInFlight() async throws {
        let gate = Gate()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 4, maxWaiting: 100) { items in
            batches.add(items)
            if items == [0] { await gate.wait() }
            return items
        }
        let first = Task { try await batcher.submit(0) }
        #expect(await eventually { batches.all == [[0]] })
        let rest = (1...10).map { item in Task { try await batcher.submit(item) } }
        #expect(await eventually { batcher.waitingCount == 10 })
        gate.open()
        _ = try await first.value
        for (item, task) in zip(1...10, rest) { #expect(try await task.value == item) }
        #expect(batches.all.map(\.count) == [1, 4, 4, 2])
        #expect(batches.all.flatMap { $0 }.sorted() == Array(0...10))
    }

    @Test func keepsTheOrderOfSubmission() async throws {
        let gate = Gate()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 3, maxWaiting: 100) { items in
            batches.add(items)
            if items == [0] { await gate.wait() }
            return items
        }
        var tasks = [Task { try await batcher.submit(0) }]
        #expect(await eventually { batches.all == [[0]] })
        for item in 1...8 {
            tasks.append(Task { try await batcher.submit(item) })
            #expect(await eventually { batcher.waitingCount == item })
        }
        gate.open()
        for task in tasks { _ = try await task.value }
        #expect(batches.all == [[0], [1, 2, 3], [4, 5, 6], [7, 8]])
    }

    @Test func refusesWhatDoesNotFit() async throws {
        let gate = Gate()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 10, maxWaiting: 2) { items in
            batches.add(items)
            await gate.wait()
            return items
        }
        var tasks = [Task { try await batcher.submit(0) }]
        #expect(await eventually { batches.all == [[0]] })
        for item in 1...2 {
            tasks.append(Task { try await batcher.submit(item) })
            #expect(await eventually { batcher.waitingCount == item })
        }
        await #expect(throws: BatcherOverflow.self) { try await batcher.submit(3) }
        gate.open()
        for (item, task) in tasks.enumerated() { #expect(try await task.value == item) }
        // There is room again.
        #expect(try await batcher.submit(4) == 4)
    }

    @Test func givesAnErrorToTheWholeBatchAndGoesOn() async throws {
        let gate = Gate()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 10, maxWaiting: 10) { items in
            batches.add(items)
            if items == [0] { await gate.wait() }
            if items.contains(2) { throw Refused() }
            return items
        }
        let first = Task { try await batcher.submit(0) }
        #expect(await eventually { batches.all == [[0]] })
        var tasks: [Task<Int, any Error>] = []
        for item in 1...3 {
            tasks.append(Task { try await batcher.submit(item) })
            #expect(await eventually { batcher.waitingCount == item })
        }
        gate.open()
        #expect(try await first.value == 0)
        for task in tasks { await #expect(throws: Refused.self) { try await task.value } }
        #expect(try await batcher.submit(5) == 5)
    }

    @Test func keepsSeveralBatchesInFlightButNoMore() async throws {
        let gate = Gate()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(maxBatch: 2, maxWaiting: 100, concurrency: 3) { items in
            batches.add(items)
            await gate.wait()
            return items
        }
        var tasks: [Task<Int, any Error>] = []
        for item in 0..<3 {
            tasks.append(Task { try await batcher.submit(item) })
            #expect(await eventually { batches.all.count == item + 1 })
        }
        for item in 3..<8 {
            tasks.append(Task { try await batcher.submit(item) })
            #expect(await eventually { batcher.waitingCount == item - 2 })
        }
        #expect(batches.all.count == 3)
        gate.open()
        for (item, task) in tasks.enumerated() { #expect(try await task.value == item) }
        #expect(batches.all.flatMap { $0 }.sorted() == Array(0..<8))
        #expect(batches.all.allSatisfy { $0.count <= 2 })
    }
}
